"""The choke point for names.

Law: nothing becomes part of a URL that did not pass here. lightkube puts names into paths unescaped, and tenants
choose them (authSecretName, issuerRef.name): `../../kube-system/secrets/x` must never reach the client.
"""

import re

from domain.errors import Invalid

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_NAMESPACE = re.compile(_LABEL, re.ASCII)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", re.ASCII)


def checked_name(name: str) -> str:
    """The name itself, if it is an RFC 1123 subdomain of at most 253 characters; raises Invalid otherwise."""
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise Invalid(f"{name[:80]!r} is not the name of an object: want lowercase letters, digits, '-' and '.'")
    return name


def checked_namespace(namespace: str) -> str:
    """The namespace itself, if it is an RFC 1123 label; raises Invalid otherwise, for the empty string too."""
    if not _NAMESPACE.fullmatch(namespace):
        raise Invalid(f"{namespace[:80]!r} is not the name of a namespace: want lowercase letters, digits and '-'")
    return namespace
