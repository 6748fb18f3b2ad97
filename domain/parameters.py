"""spec.parameters of an issuer: the ones that every signer understands, and the check for unknown ones.

An unknown parameter is IssuerFailed, so that a misspelt one is noticed. A signer reads its own parameters itself.
"""

from __future__ import annotations

from collections.abc import Collection

from domain.errors import IssuerFailed
from domain.model import IssuerSpec

ALLOW_ANNOTATIONS = "allowAnnotations"
"""Whether annotations of Kubernetes CSRs may ask for duration and isCA (annotations.py)."""
CA_DECIDES = "caDecidesSubjectAndUsages"
"""Whether certificates may have other subjects and usages than were asked for (ports.Signer)."""
CA_ADDS_COMMON_NAME = "caAddsCommonNameAsDNSName"
"""Whether certificates may have the common name as a DNS name that was not asked for."""
_SHARED = (ALLOW_ANNOTATIONS, CA_DECIDES, CA_ADDS_COMMON_NAME)
_FLAGS = {"true": True, "false": False}


def require_known(spec: IssuerSpec, own: Collection[str]) -> None:
    """Raises IssuerFailed for unknown parameters, and for invalid values of shared ones; the signer's own are `own`."""
    for name in spec.parameters:
        if name not in (*own, *_SHARED):
            there_are = ", ".join(sorted([*own, *_SHARED]))
            raise IssuerFailed(f"spec.parameters.{name}: unknown parameter; valid for {spec.signer}: {there_are}")
    for name in _SHARED:
        flag(spec, name, default=False)


def flag(spec: IssuerSpec, name: str, *, default: bool) -> bool:
    """A parameter that is "true" or "false"; `default` where it is not there."""
    text = spec.parameters.get(name)
    if text is None:
        return default
    if text not in _FLAGS:
        raise IssuerFailed(f'spec.parameters.{name}: {text!r} is none of "true" and "false"')
    return _FLAGS[text]
