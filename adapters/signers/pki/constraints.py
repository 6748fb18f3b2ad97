"""Checks a request against the CA's own certificates: name constraints and path length.

A request that every client would reject later is rejected now, with the reason (RFC 5280 sections 4.2.1.9, 4.2.1.10).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from cryptography import x509

from adapters.signers.pki import names, parsing
from adapters.signers.pki.csr import CSR
from domain.errors import RequestRejected

_COMPARABLE = (x509.DNSName, x509.IPAddress, x509.RFC822Name, x509.UniformResourceIdentifier, x509.DirectoryName)
_MOST_COMPARISONS = 250_000
"""Of names with constraints, for one CA: as Go's crypto/x509 has it."""


def require_room(cas: Sequence[x509.Certificate]) -> None:
    """RequestRejected where one of `cas`, the issuing one first, allows no further CA below."""
    for below, ca in enumerate(cas):
        limits = parsing.extension_value(ca.extensions, x509.BasicConstraints)
        if limits is not None and limits.path_length is not None and below >= limits.path_length:
            raise RequestRejected(
                f"spec.isCA: the CA certificate {_name(ca)} has path length {limits.path_length} and allows "
                "no CA certificate here; ask for isCA: false, or use an issuer whose CA allows it"
            )


def require_allowed(cas: Iterable[x509.Certificate], csr: CSR) -> None:
    """RequestRejected where the request names what one of `cas` may not certify."""
    subject = x509.DirectoryName(csr.subject)
    asked: list[x509.GeneralName] = [*(csr.names or ()), *([subject] if csr.subject.rdns else [])]
    for ca in cas:
        limits = parsing.extension_value(ca.extensions, x509.NameConstraints)
        if limits is not None and len(asked) * _count(limits) > _MOST_COMPARISONS:
            raise RequestRejected(
                "spec.request: has too many names to compare with all the name constraints of the CA certificate "
                f"{_name(ca)}; ask for fewer, or use another issuer"
            )
        refused = next((name for name in asked if limits is not None and not _allowed(name, limits)), None)
        if refused is not None:
            name = f"subject {csr.subject.rfc4514_string()!r}" if refused == subject else names.text(refused)
            raise RequestRejected(
                f"spec.request: the name constraints of the CA certificate {_name(ca)} do not allow the {name}; "
                "leave the name out, or use an issuer whose CA allows it"
            )


def _count(limits: x509.NameConstraints) -> int:
    return len(limits.permitted_subtrees or ()) + len(limits.excluded_subtrees or ())


def _name(ca: x509.Certificate) -> str:
    return repr(ca.subject.rfc4514_string())


def _allowed(name: x509.GeneralName, limits: x509.NameConstraints) -> bool:
    excluded = [limit for limit in limits.excluded_subtrees or () if type(limit) is type(name)]
    permitted = [limit for limit in limits.permitted_subtrees or () if type(limit) is type(name)]
    if not isinstance(name, _COMPARABLE):  # then clients refuse it wherever its kind is limited at all
        return not excluded and not permitted
    if any(_within(name, limit) or _wildcard_covers(name, limit) for limit in excluded):
        return False
    return not permitted or any(_within(name, limit) for limit in permitted)


def _within(name: x509.GeneralName, limit: x509.GeneralName) -> bool:
    match name, limit:
        case x509.DNSName(), x509.DNSName():
            return _dns_within(name.value, limit.value)
        case x509.IPAddress(), x509.IPAddress():
            return name.value in limit.value  # type: ignore[operator]  # a constraint's value is a network
        case x509.RFC822Name(), x509.RFC822Name():
            return _mailbox_within(name.value, limit.value)
        case x509.UniformResourceIdentifier(), x509.UniformResourceIdentifier():
            return _host_within(_host(name.value), limit.value)
        case x509.DirectoryName(), x509.DirectoryName():
            return name.value.rdns[: len(limit.value.rdns)] == limit.value.rdns
    return False


def _dns_within(name: str, limit: str) -> bool:
    name, limit = name.lower(), limit.lower().removeprefix(".")
    return not limit or name == limit or name.endswith(f".{limit}")


def _wildcard_covers(name: x509.GeneralName, limit: x509.GeneralName) -> bool:
    """Whether '*.example.com' would also stand for the excluded 'a.example.com'."""
    return (
        isinstance(name, x509.DNSName)
        and isinstance(limit, x509.DNSName)
        and name.value.startswith("*.")
        and _dns_within(limit.value.removeprefix("."), name.value[2:])
    )


def _mailbox_within(mailbox: str, limit: str) -> bool:
    local, _, host = mailbox.rpartition("@")
    limit_local, at, limit_host = limit.rpartition("@")
    if at:
        return local == limit_local and host.lower() == limit_host.lower()
    return _host_within(host, limit)


def _host_within(host: str, limit: str) -> bool:
    """A limit that begins with a dot means all hosts below it, any other that host alone."""
    host, limit = host.lower(), limit.lower()
    return host.endswith(limit) if limit.startswith(".") else host == limit


def _host(uri: str) -> str:
    return urlsplit(uri).hostname or ""
