"""Who takes part: a requester, a CA, and what they have signed.

The same in every process, keys and times too, so that an input of the corpus means tomorrow what it means today.
Ed25519 throughout: it signs in microseconds. What is hostile is signed too, for much is read only then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from entrypoints import issuer
from tests.contracts.clock import StoppedClock
from tests.support import pki

ISSUERS = replace(
    issuer.NAMES, group="fuzz-issuer.example.com", version="v1", issuer="FuzzIssuer", cluster_issuer="FuzzClusterIssuer"
)
"""The corpus has these names, whatever entrypoints/issuer.py says."""
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
CLOCK = StoppedClock(NOW)
DAY = timedelta(days=1)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
CA_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64)))
CA = pki.authority("CA", private=CA_KEY, begins=NOW - DAY, lasts=3650 * DAY)
SECRET = ObjectKey("Secret", "team-a", "my-ca")
ISSUER = IssuerSpec("https://ca.example.com", SECRET, "ca")
CREDENTIALS = Credentials({"tls.crt": CA.pem, "tls.key": CA.key_pem}, "1")
NAMES = {
    "common_name": "app",
    "dns": ["app.example.com", "*.example.com"],
    "ips": ["192.0.2.1", "2001:db8::1"],
    "uris": ["spiffe://example.com/app", "https://[2001:db8::1]:99/"],
    "emails": ["app@example.com"],
}
REQUEST = pki.csr(KEY, **NAMES)  # type: ignore[arg-type]
_ED25519 = bytes.fromhex("300506032b6570")
_Result = TypeVar("_Result")
_loop = asyncio.new_event_loop()


def order(csr: bytes = REQUEST, *, is_ca: bool = False, credentials: Credentials = CREDENTIALS) -> SignRequest:
    return SignRequest("uid", csr, (), is_ca, DAY, ISSUER, credentials)


def request(body: bytes) -> bytes:
    """The PEM of a CSR with this body (CertificationRequestInfo, RFC 2986), signed by its requester."""
    return pki.armor(_signed(body, KEY))


def certificate(body: bytes) -> bytes:
    """The PEM of a certificate with this body (TBSCertificate, RFC 5280), signed by the CA."""
    return pki.armor(_signed(body, CA_KEY), "CERTIFICATE")


def body_of(signed: x509.CertificateSigningRequest | x509.Certificate) -> bytes:
    """What `request` and `certificate` make the same of again."""
    if isinstance(signed, x509.Certificate):
        return signed.tbs_certificate_bytes
    return signed.tbs_certrequest_bytes


def finish(work: Awaitable[_Result]) -> _Result:
    """Runs it to its end, always on the same loop: a new one for each input would cost more than the input."""
    return _loop.run_until_complete(work)


def element(tag: int, content: bytes) -> bytes:
    """One ASN.1 element in DER."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def _signed(body: bytes, key: Ed25519PrivateKey) -> bytes:
    return element(0x30, body + _ED25519 + element(0x03, b"\x00" + key.sign(body)))
