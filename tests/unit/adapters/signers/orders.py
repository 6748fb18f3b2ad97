"""Orders for the tests of this folder."""

from datetime import timedelta

from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.support import pki

SECRET = ObjectKey("Secret", "team-a", "my-ca")
ISSUER = IssuerSpec(url="", secret=SECRET, signer="ca")


def order(
    csr: bytes | None = None,
    *,
    usages: tuple[str, ...] = (),
    is_ca: bool = False,
    duration: timedelta | None = timedelta(hours=24),
    credentials: Credentials | None = None,
) -> SignRequest:
    return SignRequest(
        "uid", pki.csr() if csr is None else csr, usages, is_ca, duration, ISSUER, credentials or Credentials({})
    )
