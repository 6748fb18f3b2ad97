"""A Signer around any Signer: asks only what may be asked, passes on only what was asked for.

Law: every signer is wired inside one of these, so that no signer, however new, can put a wrong certificate into a
status. It trusts nothing but its own reading of the CSR and of the answer.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509

from adapters.signers.around import Around
from adapters.signers.aside import aside
from adapters.signers.x509 import agreement, bag, chains, extensions, names, panics, pem, usages
from adapters.signers.x509 import csr as requests
from adapters.signers.x509.csr import CSR
from domain import durations
from domain.errors import WrongCertificate
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SigningOrder
from domain.parameters import CA_ADDS_COMMON_NAME, CA_DECIDES, flag
from domain.ports import Clock, Signer

_CLOCK_SKEW = timedelta(minutes=5)
"""By how much a CA's clock may be ahead of ours."""
_VARIES = re.compile(r"(?<=validity: )[^;]*|[\d,]+(?= bytes)")
"""What differs each time that a CA repeats the same mistake: the times, and the length of a signature."""


class Verified(Around):
    """Raises RequestRejected before the inner signer is asked, WrongCertificate after it has answered."""

    def __init__(self, inner: Signer, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        with panics.contained():
            return await self._inner.check(issuer, credentials)

    async def sign(self, order: SigningOrder) -> Issued | Pending:
        with panics.contained():
            return await self._sign(order)

    async def _sign(self, order: SigningOrder) -> Issued | Pending:
        csr = await aside(len(order.csr), lambda: _examine(order))
        answer = await self._inner.sign(order)
        if isinstance(answer, Pending):
            return answer
        decides = flag(order.issuer, CA_DECIDES, default=self.ca_decides_subject_and_usages)
        read = len(order.csr) + len(answer.chain) + len(answer.ca or b"")
        return await aside(read, lambda: _confirm(answer, csr, order, self._clock.now(), decides))


def _examine(order: SigningOrder) -> CSR:
    csr = requests.read(order.csr)
    agreement.require(csr, order)
    return csr


def _confirm(answer: Issued, csr: CSR, order: SigningOrder, now: datetime, ca_decides: bool) -> Issued:
    """The same answer, its chain in order and without root; `ca_decides` subject and usages."""
    trusted = _trusted(answer.ca) if answer.ca else []
    path = _path(answer.chain, csr, trusted, now)
    differences = _differences(path[0], csr, order, now, ca_decides)
    if differences:
        raise _wrong(f"the CA returned a wrong certificate: {'; '.join(differences)}")
    if trusted and path[-1] not in trusted:
        raise _wrong("the CA certificate that the signer returned did not issue the chain it came with")
    issued = bag.issued(path, now)
    return replace(issued, ca=pem.encode(trusted)) if trusted else issued


def _path(chain: bytes, csr: CSR, trusted: list[x509.Certificate], now: datetime) -> chains.Path:
    """The certificate for the CSR's key, then each one's issuer."""
    try:
        found, _ = pem.readable_certificates(chain, pem.CHAIN_LIMIT)
        leaf = bag.leaf(found, csr.public_key)
        size = len(pem.encode([leaf]))
        if size > pem.LEAF_LIMIT:
            raise ValueError(f"holds a certificate of {size:,} bytes, more than the {pem.LEAF_LIMIT:,} allowed")
        return chains.Graph([*found, *trusted]).best([leaf], trusted, now)
    except ValueError as error:
        raise _wrong(f"the chain that the CA returned {error}") from None


def _trusted(ca: bytes) -> list[x509.Certificate]:
    try:
        found, _ = pem.readable_certificates(ca, pem.BUNDLE_LIMIT)
    except ValueError as error:
        raise _wrong(f"the CA certificate that the signer returned {error}") from None
    return found


def _wrong(message: str) -> WrongCertificate:
    return WrongCertificate(message, difference=_VARIES.sub("…", message))


def _differences(leaf: x509.Certificate, csr: CSR, order: SigningOrder, now: datetime, ca_decides: bool) -> list[str]:
    """What is other than asked, in words; empty where nothing is."""
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
    adds_common_name = flag(order.issuer, CA_ADDS_COMMON_NAME, default=False)
    return found + _name_differences(leaf, csr, adds_common_name) + _time_differences(leaf, order, now)


def _is_ca(certificate: x509.Certificate) -> bool:
    constraints = extensions.value(certificate.extensions, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _ca_differences(leaf: x509.Certificate, csr: CSR) -> list[str]:
    """A CA may be narrower than asked, never wider."""
    found = []
    asked = csr.constraints.path_length if csr.constraints else None
    constraints = extensions.value(leaf.extensions, x509.BasicConstraints)
    got = constraints.path_length if constraints else None
    if asked is not None and (got is None or got > asked):
        found.append(f"path length: asked {asked}, got {'none' if got is None else got}")
    if csr.name_constraints and not _keeps(csr.name_constraints, leaf):
        found.append("name constraints: asked for, but not got as asked")
    return found


def _keeps(asked: x509.Extension[x509.NameConstraints], leaf: x509.Certificate) -> bool:
    """Whether they are the same subtrees, in whatever order, and bind everybody whom they were to bind."""
    got = extensions.find(leaf.extensions, x509.NameConstraints)
    if got is None or (asked.critical and not got.critical):
        return False
    return _subtrees(got.value) == _subtrees(asked.value)


def _subtrees(limits: x509.NameConstraints) -> tuple[set[x509.GeneralName], set[x509.GeneralName]]:
    return set(limits.permitted_subtrees or ()), set(limits.excluded_subtrees or ())


def _name_differences(leaf: x509.Certificate, csr: CSR, adds_common_name: bool) -> list[str]:
    """With `adds_common_name`, the CSR's common name may be there as a DNS name that was not asked for."""
    asked = set(csr.names or ())
    alternative = extensions.find(leaf.extensions, x509.SubjectAlternativeName)
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
        found = [f'{found[0]}; spec.parameters.{CA_ADDS_COMMON_NAME}: "true" of the issuer allows it']
    return [f"subject alternative names: {difference}" for difference in found]


def _time_differences(leaf: x509.Certificate, order: SigningOrder, now: datetime) -> list[str]:
    """The end is what counts: an earlier beginning is backdating, and makes nothing valid for longer."""
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if end <= now or begin > now + _CLOCK_SKEW:
        return [f"validity: {begin} to {end} does not hold now"]
    if order.duration is not None and end - now > order.duration + _CLOCK_SKEW:
        return [f"validity: asked {durations.text(order.duration)} from {now}, got it until {end}"]
    return []
