"""What is different between a certificate and what its request asked for.

Names, key, isCA, path length, name constraints and validity are compared always, subject and usages unless the CA
decides them. A CA may give less than asked (a shorter validity, a narrower CA), never more.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cryptography import x509

from adapters.signers.pki import names, parsing, usages
from adapters.signers.pki.csr import CSR
from domain import durations, pods
from domain.model import SignRequest

_NAME_CONSTRAINTS = "2.5.29.30"
_COMPARED = ("2.5.29.17", "2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35")
"""Alternative names, basic constraints, usages, purposes; and the key identifiers, which follow from the keys."""
_UNDERSTOOD = ("2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54")
"""Name constraints, CRL distribution points, and what there is about policies."""
_CLOCK_SKEW = timedelta(minutes=5)
"""By how much a CA's clock may be ahead of ours."""


def differences(leaf: x509.Certificate, csr: CSR, order: SignRequest, ca_decides: bool) -> list[str]:
    """What is other than asked, in words; the same in every answer with the same mistakes."""
    wanted, got = usages.requested(order.usages, order.is_ca), usages.stated(leaf.extensions)
    pairs = (
        # Names are equal whatever their string types (RFC 5280 section 7.1): CAs may encode them anew.
        (
            "subject",
            csr.subject.rfc4514_string(),
            leaf.subject.rfc4514_string(),
            ca_decides or csr.subject == leaf.subject,
        ),
        ("isCA", order.is_ca, _is_ca(leaf), order.is_ca == _is_ca(leaf)),
        ("usages", wanted, got, ca_decides or wanted == got),
    )
    found = [f"{what}: asked {asked}, got {gotten}" for what, asked, gotten, same in pairs if not same]
    if order.is_ca:
        found += _ca_differences(leaf, csr)
    adds_common_name = order.issuer.ca_adds_common_name_as_dns_name
    return found + _name_differences(leaf, csr, adds_common_name) + _extension_differences(leaf, csr, order.is_ca)


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = parsing.extension_value(certificate.extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _ca_differences(leaf: x509.Certificate, csr: CSR) -> list[str]:
    """A CA may be narrower than asked, never wider."""
    found = []
    asked = csr.constraints.path_length if csr.constraints else None
    constraints = parsing.extension_value(leaf.extensions, x509.BasicConstraints)
    got = constraints.path_length if constraints else None
    if asked is not None and (got is None or got > asked):
        found.append(f"path length: asked {asked}, got {'none' if got is None else got}")
    if csr.name_constraints and not _keeps(csr.name_constraints, leaf):
        found.append("name constraints: asked for, but not got as asked")
    return found


def _keeps(asked: x509.Extension[x509.NameConstraints], leaf: x509.Certificate) -> bool:
    """Whether they are the same subtrees, in any order, and as critical as asked."""
    got = parsing.extension(leaf.extensions, x509.NameConstraints)
    if got is None or (asked.critical and not got.critical):
        return False
    return _subtrees(got.value) == _subtrees(asked.value)


def _subtrees(limits: x509.NameConstraints) -> tuple[set[x509.GeneralName], set[x509.GeneralName]]:
    return set(limits.permitted_subtrees or ()), set(limits.excluded_subtrees or ())


def _name_differences(leaf: x509.Certificate, csr: CSR, adds_common_name: bool) -> list[str]:
    """With `adds_common_name`, the CSR's common name may be there as a DNS name that was not asked for."""
    asked = set(csr.names or ())
    alternative = parsing.extension(leaf.extensions, x509.SubjectAlternativeName)
    got = set(alternative.value if alternative else ())
    missing, extra = asked - got, got - asked
    is_common_name = len(extra) == 1 and all(names.is_common_name(name, csr.subject) for name in extra)
    if is_common_name and adds_common_name:
        extra = set()
    found = [f"{names.text(name)} is missing" for name in sorted(missing, key=repr)]
    found += [f"{names.text(name)} was not asked for" for name in sorted(extra, key=repr)]
    if alternative and not alternative.critical and not leaf.subject.rdns:
        found.append("not critical, though the subject is empty (RFC 5280 section 4.2.1.6)")
    if is_common_name and len(found) == len(extra) == 1:
        found = [f"{found[0]}; spec.caAddsCommonNameAsDNSName: true of the issuer allows it"]
    return [f"subject alternative names: {difference}" for difference in found]


def _extension_differences(leaf: x509.Certificate, csr: CSR, is_ca: bool) -> list[str]:
    """Extensions that were taken over from the request, which cannot ask for them, and critical ones of the CA's own.

    What else a CA adds is its own business: where its lists and policies are, what it logs, and the like.
    """
    found = []
    for extension in leaf.extensions:
        oid = extension.oid.dotted_string
        if oid in _COMPARED or (is_ca and oid == _NAME_CONSTRAINTS):
            continue
        asked = _asked_value(csr, oid)
        if asked is not None and asked == extension.value.public_bytes():
            found.append(f"extension {oid}: copied from spec.request, which cannot ask for it")
        elif extension.critical and oid not in _UNDERSTOOD:
            found.append(f"extension {oid}: critical, not asked for, and not understood by Go programs")
    return found


def _asked_value(csr: CSR, oid: str) -> bytes | None:
    if oid == _NAME_CONSTRAINTS and csr.name_constraints:
        return csr.name_constraints.value.public_bytes()
    return csr.ignored.get(oid)


def time_differences(leaf: x509.Certificate, order: SignRequest, now: datetime) -> list[str]:
    """The end is what counts: an earlier beginning is backdating, and makes nothing valid for longer."""
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if end <= now or begin > now + _CLOCK_SKEW:
        return [f"validity: {begin} to {end} does not hold now"]
    if order.duration is not None and end - now > order.duration + _CLOCK_SKEW:
        return [f"validity: asked {durations.text(order.duration)} from {now}, got it until {end}"]
    return _pod_time_differences(begin, end, order, now) if order.names else []


def _pod_time_differences(begin: datetime, end: datetime, order: SignRequest, now: datetime) -> list[str]:
    """What the API server would refuse in a PodCertificateRequest."""
    if begin < now - pods.WRITE_WITHIN:
        return [f"validity: begins at {begin}, and for a pod it must begin within 5 minutes of the present"]
    if end - begin < pods.SHORTEST:
        return [f"validity: {end - begin}, and for a pod it must be at least an hour; see when the CA expires"]
    if order.duration is not None and end - begin > order.duration:
        return [f"validity: asked {durations.text(order.duration)}, got {durations.text(end - begin)}"]
    return []
