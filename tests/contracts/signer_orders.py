"""The two ends of a signer under test: orders made short, answers taken apart."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import EllipsisType
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import verification

from domain.errors import IssuerUnhealthy, RequestRejected, SigningError, WrongCertificate
from domain.model import Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.signer_cases import KEY_USAGES

DURATION = timedelta(hours=24)
POLLS = 20
"""How often a Pending order is asked for again before the test gives up."""


class Answer:
    """An Issued, taken apart."""

    def __init__(self, issued: Issued) -> None:
        self.issued = issued
        self.leaf, *self.intermediates = x509.load_pem_x509_certificates(issued.chain)
        self.roots = x509.load_pem_x509_certificates(issued.ca) if issued.ca else []

    @property
    def issuer(self) -> x509.Certificate:
        """Whose signature the leaf bears; an exception where nobody's here."""
        for candidate in [*self.intermediates[:1], *self.roots]:
            if candidate.subject == self.leaf.issuer:
                self.leaf.verify_directly_issued_by(candidate)
                return candidate
        raise AssertionError(
            "neither Issued.chain nor Issued.ca holds the certificate that issued the leaf: return the intermediates "
            "in the chain after the leaf, and the root as ca"
        )

    def extension(self, kind: type[x509.ExtensionType]) -> Any:
        return self.leaf.extensions.get_extension_for_class(kind)

    def bits(self) -> set[str]:
        """The asserted bits of keyUsage."""
        usage = self.extension(x509.KeyUsage).value
        asserted = {bit for bit in set(KEY_USAGES.values()) - {"encipher_only", "decipher_only"} if getattr(usage, bit)}
        if usage.key_agreement:
            asserted |= {bit for bit in ("encipher_only", "decipher_only") if getattr(usage, bit)}
        return asserted

    def purposes(self) -> set[str]:
        return {purpose.dotted_string for purpose in self.extension(x509.ExtendedKeyUsage).value}


class OrderMaker:
    """Makes orders that differ from a plain one in what they are given; `duration` is that of a plain one."""

    def __init__(self, issuer: IssuerSpec, credentials: Credentials, duration: timedelta | None = DURATION) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._duration = duration

    def __call__(
        self,
        csr: bytes,
        *,
        usages: tuple[str, ...] = (),
        is_ca: bool = False,
        duration: timedelta | EllipsisType | None = ...,
        uid: str = "5e3c8f0a-0b0f-4e0f-9d5b-1d7a0c8e2a11",
    ) -> SignRequest:
        lasts = self._duration if isinstance(duration, EllipsisType) else duration
        return SignRequest(uid, csr, usages, is_ca, lasts, self._issuer, self._credentials)


async def sign(signer: Signer, order: SignRequest) -> Answer:
    """Signs, asking again where the signer says so. An AssertionError says what to do where it does not sign."""
    try:
        return await sign_or_fail(signer, order)
    except SigningError as error:
        remedy = next(remedy for kind, remedy in _REMEDIES.items() if isinstance(error, kind))
        raise AssertionError(f"{type(error).__name__}: {error}\n{remedy}") from error


async def sign_or_fail(signer: Signer, order: SignRequest) -> Answer:
    """The same, but raises what the signer does."""
    for _ in range(POLLS):
        answer: object = await signer.sign(order)
        if isinstance(answer, Issued):
            return Answer(answer)
        assert isinstance(answer, Pending), f"`sign` returned {answer!r}: return Issued or Pending, or raise"
        order = replace(order, handle=answer.handle)
        await asyncio.sleep(answer.poll_after.total_seconds())
    raise AssertionError(
        f"still Pending after {POLLS} polls: return Issued once the CA has signed, and make `poll_after` short here"
    )


_REMEDIES: dict[type[SigningError], str] = {
    WrongCertificate: "The certificate is not what the order asks for. Have the signer pass it on to the CA, or the "
    "CA's profile allow it. If the CA decides it, take it out of the suite's `honours`; if it decides subject or "
    "usages, also set `ca_decides_subject_and_usages = True` in the signer",
    RequestRejected: "The contract expects a certificate here. If the CA cannot give it, take it out of the suite's "
    "`honours`",
    IssuerUnhealthy: "Nothing can be signed with this issuer. See whether the suite's fixtures `issuer` and "
    "`credentials` fit the CA. If the CA refused this one order alone, raise RequestRejected",
    SigningError: "A CA that answers is expected here. If it refused this one order for good, raise RequestRejected",
}
"""By what the signer raised; the first that fits."""


def alternative_names(holder: x509.Certificate | x509.CertificateSigningRequest) -> list[x509.GeneralName]:
    try:
        return list(holder.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return []


def policy(answer: Answer) -> verification.PolicyBuilder:
    return verification.PolicyBuilder().store(verification.Store(answer.roots)).time(datetime.now(UTC))


def is_web_pki(answer: Answer) -> bool:
    """cryptography's verifier speaks for the web's PKI, which knows CAs with RSA and ECDSA keys alone."""
    keys = [certificate.public_key() for certificate in [*answer.intermediates, *answer.roots]]
    return all(isinstance(key, RSAPublicKey | EllipticCurvePublicKey) for key in keys)


def quoted(secret: bytes, text: str) -> bool:
    """Whether a telling part of the secret, a line of it, stands in the text."""
    lines = [line.strip() for line in secret.decode(errors="replace").splitlines()]
    return any(line in text for line in lines if len(line) >= 12 and not line.startswith("-----"))
