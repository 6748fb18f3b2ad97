"""A fake CA for tests: a root, an issuing CA below it, and `issue`. How it is asked is up to the handler around it.

`https.serving` runs a handler that speaks the protocol of your CA; tests/README.md has an example.
"""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509

from adapters.signers.ca.signer import CA
from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.contracts.clock import StoppedClock
from tests.support import pki

ROOT = pki.authority("Fake root")
ISSUING = pki.authority("Fake issuing CA", parent=ROOT)
_ISSUER = IssuerSpec("", ObjectKey("Secret", "the-ca", "its-own"), "CA")


async def issue(
    csr: bytes,
    *,
    by: pki.Authority = ISSUING,
    usages: tuple[str, ...] = (),
    is_ca: bool = False,
    duration: timedelta | None = timedelta(hours=24),
) -> x509.Certificate:
    """A certificate for a CSR in PEM, with its subject and names. Nothing is checked."""
    keys = Credentials({"tls.crt": by.pem, "tls.key": by.key_pem})
    answer = await CA(StoppedClock()).sign(SignRequest("uid", csr, usages, is_ca, duration, _ISSUER, keys))
    return x509.load_pem_x509_certificates(answer.chain)[0]
