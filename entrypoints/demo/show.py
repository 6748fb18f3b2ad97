"""What `kubectl describe` would print, and what is in the certificates.

Law: it reads what the cluster stores and believes nothing: a certificate is shown as verified only where its chain
was verified here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from adapters.series import Occurrence
from domain import durations
from domain.effects import IssuerStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import Condition, ObjectKey
from entrypoints.settings import NAMES

_EVENT_COLUMNS = ("Type", "Reason", "Age", "From", "Message")


def described(key: ObjectKey, status: Status | None, events: Iterable[Occurrence]) -> str:
    """One object as a block of text."""
    lines = [f"Name:       {key.name}"]
    if key.namespace:
        lines.append(f"Namespace:  {key.namespace}")
    lines.append(f"Kind:       {key.kind}")
    lines += ["Conditions:", *(f"  {line}" for line in _conditions(status))]
    lines += ["Events:", *(f"  {line}" for line in _events(list(events)))]
    return "\n".join(lines)


def certificate(chain: bytes, roots: Iterable[x509.Certificate]) -> tuple[str, bool]:
    """A signed certificate as a block of text, and whether its chain verifies up to one of the roots."""
    certificates = x509.load_pem_x509_certificates(chain)
    leaf = certificates[0]
    root = _verified_root(certificates, roots)
    lines = [
        "Certificate:",
        f"  Subject:   {leaf.subject.rfc4514_string() or '(empty)'}",
        f"  SANs:      {', '.join(_sans(leaf)) or '(none)'}",
        f"  Validity:  {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} to {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
        f"  Issuer:    {leaf.issuer.rfc4514_string()}",
        f"  Chain:     {'verifies up to ' + root.subject.rfc4514_string() if root else 'DOES NOT VERIFY'}",
    ]
    return "\n".join(lines), root is not None


def chain_of(status: Status | None) -> bytes | None:
    """The signed certificate in a status, if there is one."""
    return status.certificate if isinstance(status, RequestStatus | SigningRequestStatus) else None


def root_of(status: Status | None) -> x509.Certificate | None:
    """The CA that a status names, if it does."""
    if isinstance(status, RequestStatus) and status.ca:
        return x509.load_pem_x509_certificates(status.ca)[-1]
    return None


def _verified_root(chain: list[x509.Certificate], roots: Iterable[x509.Certificate]) -> x509.Certificate | None:
    """The root that signed the last of the chain, each of which signed the one before (RFC 5280 section 6)."""
    now = datetime.now(UTC)
    for root in roots:
        path = [*chain, root]
        try:
            for signed, signer in pairwise(path):
                signed.verify_directly_issued_by(signer)
        except (ValueError, TypeError, InvalidSignature):
            continue
        if all(each.not_valid_before_utc <= now <= each.not_valid_after_utc for each in path):
            return root
    return None


def _sans(leaf: x509.Certificate) -> list[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [str(name.value) for name in names]


def _conditions(status: Status | None) -> list[str]:
    found: list[Condition] = []
    match status:
        case IssuerStatus() | RequestStatus():
            found.append(status.ready)
        case SigningRequestStatus() if status.failed is not None:
            found.append(status.failed)
    if not found:
        return ["(none)"]
    rows = [("Type", "Status", "Reason", "Message"), ("----", "------", "------", "-------")]
    return _table([*rows, *((each.type, each.status, each.reason, each.message) for each in found)])


def _events(events: list[Occurrence]) -> list[str]:
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
