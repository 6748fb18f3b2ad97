"""A CA that can be made to lie, and what it is asked.

ROOT signed UPPER, UPPER signed LOWER, and LOWER signs; STRANGER signed none of them.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.ca.signer import CA
from adapters.signers.verify import VerifyingSigner
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.unit.adapters.signers.orders import order

ROOT = pki.authority("Root CA")
UPPER = pki.authority("Upper CA", parent=ROOT)
LOWER = pki.authority("Lower CA", parent=UPPER)
STRANGER = pki.authority("Stranger CA")
CLOCK = StoppedClock()
REQUEST = pki.csr(common_name="app", dns=["app.example.com", "www.example.com"])
SERVER = ("digital signature", "server auth")
ORDER = order(REQUEST, usages=SERVER)
Lie = Callable[[x509.Certificate], x509.Certificate]


class Scripted(Signer):
    """Answers what it was told to, and counts."""

    def __init__(self, answer: Issued | Pending | Exception) -> None:
        self.answer = answer
        self.asked: list[SignRequest] = []

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        if isinstance(self.answer, Exception):
            raise self.answer
        return CheckResult()

    async def sign(self, order: SignRequest) -> Issued | Pending:
        self.asked.append(order)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def honest(asked: SignRequest = ORDER) -> x509.Certificate:
    """What LOWER signs for this order."""
    credentials = Credentials({"tls.crt": LOWER.pem, "tls.key": LOWER.key_pem})
    order_to_lower = order(
        asked.csr, usages=asked.usages, is_ca=asked.is_ca, duration=asked.duration, credentials=credentials
    )
    answer = await CA(CLOCK).sign(order_to_lower)
    return x509.load_pem_x509_certificates(answer.chain)[0]


async def verify(answer: Issued | Pending | Exception, asked: SignRequest = ORDER) -> Issued | Pending:
    return await VerifyingSigner(Scripted(answer), CLOCK).sign(asked)


def pem(*certificates: x509.Certificate | pki.Authority) -> bytes:
    plain = (item.certificate if isinstance(item, pki.Authority) else item for item in certificates)
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in plain)


async def altered(lie: Lie) -> x509.Certificate:
    """What LOWER would sign if it lied in this way."""
    return lie(await honest())
