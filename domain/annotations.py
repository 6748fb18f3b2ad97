"""cert-manager's experimental annotations on Kubernetes CSRs, which ask for what spec has no field for.

Each user who may create a CSR may write them, so they count only where the issuer allows it. A CertificateRequest has
fields for the same in its spec; its annotations never count. Source: https://cert-manager.io/docs/usage/kube-csr/
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain import durations
from domain.errors import RequestRejected
from domain.model import Request

DURATION = "experimental.cert-manager.io/request-duration"
IS_CA = "experimental.cert-manager.io/request-is-ca"
READ = (DURATION, IS_CA)
_FLAGS = {"true": True, "false": False}


def apply_csr_annotations(request: Request) -> Request:
    """The request with what its annotations ask for in place of its spec; RequestRejected where one cannot be read."""
    if not request.is_kubernetes:
        return request
    duration, is_ca = request.annotations.get(DURATION), request.annotations.get(IS_CA)
    return replace(
        request,
        duration=request.duration if duration is None else _duration(duration),
        is_ca=request.is_ca if is_ca is None else _flag(is_ca),
    )


def _duration(text: str) -> timedelta:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise RequestRejected(f"annotation {DURATION}: {error}") from None


def _flag(text: str) -> bool:
    if text not in _FLAGS:
        raise RequestRejected(f"annotation {IS_CA}: {text!r} is neither true nor false")
    return _FLAGS[text]
