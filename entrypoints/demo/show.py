"""Prints objects as `kubectl describe` does, and the content of certificates.

A certificate is shown as verified only where its chain was verified here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from domain import durations
from domain.effects import IssuerStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.events import EventSeries
from domain.model import Condition, ObjectKey
from entrypoints.issuer import NAMES

_REMEDY = "correct the certificates that the CA hands out, or tls.crt and ca.crt in the issuer's Secret"
_EVENT_COLUMNS = ("Type", "Reason", "Age", "From", "Message")


def described(key: ObjectKey, status: Status | None, events: Iterable[EventSeries]) -> str:
    """One object as a block of text."""
    lines = [f"Name:       {key.name}"]
    if key.namespace:
        lines.append(f"Namespace:  {key.namespace}")
    lines.append(f"Kind:       {key.kind}")
    lines += ["Conditions:", *(f"  {line}" for line in _conditions(status))]
    lines += ["Events:", *(f"  {line}" for line in _events(list(events)))]
    return "\n".join(lines)


def certificate(chain: bytes, own: Sequence[x509.Certificate], known: Sequence[x509.Certificate]) -> tuple[str, str]:
    """A signed certificate as a block of text, and what is wrong with its chain: an empty text where nothing is.

    The chain must lead to one of `own`, the roots in its status. Without these, one of all `known` roots may serve;
    where none does, the root is not known, and the rest of the chain is judged.
    """
    certificates = x509.load_pem_x509_certificates(chain)
    leaf = certificates[0]
    found, trouble = _judged(certificates, own or (known if path_to(known, certificates) else []))
    lines = [
        "Certificate:",
        f"  Subject:   {leaf.subject.rfc4514_string() or '(empty)'}",
        f"  SANs:      {', '.join(_sans(leaf)) or '(none)'}",
        f"  Validity:  {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} to {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
        f"  Issuer:    {leaf.issuer.rfc4514_string()}",
        f"  Chain:     {found}",
    ]
    return "\n".join(lines), trouble


def condition_of(status: Status | None) -> Condition | None:
    """What a status says in words."""
    match status:
        case IssuerStatus() | RequestStatus():
            return status.ready
        case SigningRequestStatus():
            return status.failed
        case PodCertificateStatus():
            return status.condition
    return None


def chain_of(status: Status | None) -> bytes | None:
    """The signed certificate in a status, if there is one."""
    match status:
        case RequestStatus() | SigningRequestStatus():
            return status.certificate
        case PodCertificateStatus():
            return status.chain
    return None


def roots_of(status: Status | None) -> list[x509.Certificate]:
    """The certificates of status.ca; none where the issuer does not know them."""
    ca = status.ca if isinstance(status, RequestStatus) else None
    return x509.load_pem_x509_certificates(ca) if ca else []


def _judged(chain: list[x509.Certificate], trusted: Sequence[x509.Certificate]) -> tuple[str, str]:
    """What is found out about a chain, and what is wrong with it."""
    path = path_to(trusted or chain[-1:], chain)
    if path is None:
        aim = f"to {_listed(trusted)}, which status.ca names" if trusted else f"through {_listed(chain[1:])}"
        return "DOES NOT VERIFY", f"its chain does not lead {aim}; {_REMEDY}"
    now = datetime.now(UTC)
    if path_to(trusted or chain[-1:], chain, now) is None:
        wrong = next(each for each in path if not _is_valid(each, now))
        times = f"{wrong.not_valid_before_utc:%Y-%m-%d %H:%M} to {wrong.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
        return "DOES NOT VERIFY", f"{_listed([wrong])} in its chain is valid from {times}, not now; renew it"
    if not trusted:
        return f"in order up to {_listed(path[-1:])}; the root is not known", ""
    return f"verifies up to {_listed(path[-1:])}", ""


def path_to(
    trusted: Sequence[x509.Certificate], chain: Sequence[x509.Certificate], now: datetime | None = None
) -> list[x509.Certificate] | None:
    """From the first of the chain to a trusted one, each signed by the next (RFC 5280 section 6); all valid `now`."""
    first, *others = chain
    if now is not None and not _is_valid(first, now):
        return None
    if first in trusted:
        return [first]
    for signer in (*trusted, *filter(_is_ca, others)):
        if _has_signed(signer, first):
            above = path_to(trusted, [signer, *(other for other in others if other != signer)], now)
            if above is not None:
                return [first, *above]
    return None


def _has_signed(signer: x509.Certificate, signed: x509.Certificate) -> bool:
    try:
        signed.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _is_valid(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _listed(certificates: Iterable[x509.Certificate]) -> str:
    return " or ".join(each.subject.rfc4514_string() or "(empty subject)" for each in certificates)


def _sans(leaf: x509.Certificate) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]


def _conditions(status: Status | None) -> list[str]:
    stalled = status.stalled if isinstance(status, IssuerStatus) else None
    found = [each for each in (condition_of(status), stalled) if each]
    if not found:
        return ["(none)"]
    rows = [("Type", "Status", "Reason", "Message"), ("----", "------", "------", "-------")]
    return _table([*rows, *((each.type, each.status, each.reason, each.message) for each in found)])


def _events(events: list[EventSeries]) -> list[str]:
    if not events:
        return ["(none)"]
    now = datetime.now(UTC)
    rows: list[tuple[str, ...]] = [_EVENT_COLUMNS, tuple("-" * len(column) for column in _EVENT_COLUMNS)]
    for seen in events:
        event, age = seen.event, _age(now - seen.last)
        if seen.count > 1:
            age = f"{age} (x{seen.count} over {_age(now - seen.first)})"
        rows.append((event.type, event.reason, age, NAMES.controller, event.note))
    return _table(rows)


def _age(age: timedelta) -> str:
    return durations.text(timedelta(seconds=int(age.total_seconds())))


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
