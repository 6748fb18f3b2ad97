"""Checks names before they become part of a URL.

lightkube puts names into paths unescaped, and tenants choose some of them (authSecretName, issuerRef.name): a name
such as `../../kube-system/secrets/x` must never reach the client.
"""

import re
from urllib.parse import quote

from domain.errors import Invalid

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL, re.ASCII)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)

LONGEST_NAME = 253


def checked_name(name: str) -> str:
    """The name itself, if it is an RFC 1123 subdomain of at most 253 characters; raises Invalid otherwise."""
    if not is_name(name):
        raise Invalid(f"{name[:80]!r} is not the name of an object: want lowercase letters, digits, '-' and '.'")
    return name


def is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and _NAME.fullmatch(name) is not None


def escaped_name(name: str) -> str:
    """A name as one segment of a URL, for kinds that may be called almost anything; raises Invalid for what is none.

    Control characters and line separators are allowed: the API server takes them, and here they are percent-encoded.
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#path-segment-names
    """
    if name in ("", ".", "..") or "/" in name or "%" in name or not _is_utf8(name):
        raise Invalid(f"{name[:80]!r} is not the name of an object: it may not be a path")
    return quote(name, safe="")


def _is_utf8(name: str) -> bool:
    """False for a lone surrogate, which no API server has sent."""
    return name.encode(errors="replace").decode() == name


def checked_namespace(namespace: str) -> str:
    """The namespace itself, if it is an RFC 1123 label; raises Invalid otherwise, for the empty string too."""
    if not _NAMESPACE.fullmatch(namespace):
        raise Invalid(f"{namespace[:80]!r} is not the name of a namespace: want lowercase letters, digits and '-'")
    return namespace
