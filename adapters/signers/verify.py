"""A Signer around any Signer that checks the CSR before and the certificate after signing.

The container wraps every signer in it, so that no signer can put a wrong certificate into a status. It relies only on
its own reading of the CSR and of the answer.
"""

from dataclasses import replace
from datetime import datetime

from cryptography import x509

from adapters.signers.decorators import SignerDecorator
from adapters.signers.pki import bundle, chains, csr_policy, go_readable, parsing, pem
from adapters.signers.pki import csr as csrs
from adapters.signers.pki.csr import CSR
from adapters.signers.pki.differences import differences, time_differences
from adapters.signers.threads import run_in_thread_if_large
from domain.errors import WrongCertificate
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Clock, Signer


class VerifyingSigner(SignerDecorator):
    """Raises RequestRejected before the inner signer is asked, WrongCertificate after it has answered."""

    def __init__(self, inner: Signer, clock: Clock) -> None:
        super().__init__(inner)
        self._clock = clock

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        with parsing.translate_panics():
            return await self._inner.check(issuer, credentials)

    async def sign(self, order: SignRequest) -> Issued | Pending:
        with parsing.translate_panics():
            return await self._sign(order)

    async def _sign(self, order: SignRequest) -> Issued | Pending:
        csr = await run_in_thread_if_large(order.issuer.secret.namespace, len(order.csr), lambda: _examine(order))
        answer = await self._inner.sign(order)
        if isinstance(answer, Pending):
            return answer
        decides = order.issuer.ca_decides_subject_and_usages
        if decides is None:
            decides = self.ca_decides_subject_and_usages
        read = len(order.csr) + len(answer.chain) + len(answer.ca or b"")
        namespace = order.issuer.secret.namespace
        return await run_in_thread_if_large(
            namespace, read, lambda: _confirm(answer, csr, order, self._clock.now(), decides)
        )


def _examine(order: SignRequest) -> CSR:
    csr = csrs.asked(order)
    csr_policy.require(csr, order)
    return csr


def _confirm(answer: Issued, csr: CSR, order: SignRequest, now: datetime, ca_decides: bool) -> Issued:
    """The same answer, its chain in order and without root; `ca_decides` subject and usages."""
    trusted = _trusted(answer.ca) if answer.ca else []
    path = _path(answer.chain, csr, trusted, now)
    if problem := go_readable.problem(path):
        raise WrongCertificate(f"the CA returned a certificate that is of no use: {problem}")
    lasting, times = differences(path[0], csr, order, ca_decides), time_differences(path[0], order, now)
    if lasting or times:
        raise WrongCertificate(
            f"the CA returned a wrong certificate: {'; '.join(lasting + times)}",
            difference="; ".join([*lasting, *("validity" for _ in times)]),  # the times are others in each answer
        )
    if trusted and path[-1] not in trusted:
        raise WrongCertificate("the CA certificate that the signer returned did not issue the chain it came with")
    issued = bundle.issued(path, now)
    validity = path[0].not_valid_before_utc, path[0].not_valid_after_utc
    return replace(issued, ca=pem.encode(trusted) if trusted else issued.ca, validity=validity)


def _path(chain: bytes, csr: CSR, trusted: list[x509.Certificate], now: datetime) -> chains.Path:
    """The certificate for the CSR's key, then each one's issuer."""
    try:
        found, _ = pem.readable_certificates(chain, pem.CHAIN_LIMIT)
        leaf = bundle.leaf(found, csr.public_key)
        if len(pem.encode([leaf])) > pem.LEAF_LIMIT:
            raise ValueError(f"holds a certificate of more than the {pem.LEAF_LIMIT:,} bytes allowed")
        return chains.Graph([*found, *trusted]).best([leaf], trusted, now)
    except ValueError as error:
        raise WrongCertificate(f"the chain that the CA returned {error}") from None


def _trusted(ca: bytes) -> list[x509.Certificate]:
    try:
        found, _ = pem.readable_certificates(ca, pem.BUNDLE_LIMIT)
    except ValueError as error:
        raise WrongCertificate(f"the CA certificate that the signer returned {error}") from None
    return found
