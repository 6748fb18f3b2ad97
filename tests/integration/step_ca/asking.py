"""Asking the real step-ca in tests."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from cryptography import x509

from domain.model import Credentials, Issued, IssuerSpec, ObjectKey, SignRequest
from tests.integration.step_ca.provisioner import PASSWORD, Provisioner
from tests.integration.step_ca.server import DEFAULT_JWK, HONOURING_JWK, ROOT, X5C, StepCAServer
from tests.support import pki

SECRET = ObjectKey("Secret", "team-a", "my-ca")
BY_CERTIFICATE = {"tls.crt": X5C.pem, "tls.key": X5C.key_pem}
TOLERANCE = timedelta(minutes=5)


def by_jwk(key: Provisioner, password: str = PASSWORD) -> dict[str, bytes]:
    return {"jwk": key.encrypted.encode(), "password": password.encode()}


BY_DEFAULT, BY_HONOURING = by_jwk(DEFAULT_JWK), by_jwk(HONOURING_JWK)


def secret(data: dict[str, bytes]) -> Credentials:
    return Credentials({"ca.crt": ROOT.pem} | data, version="1")


def issuer(server: StepCAServer, provisioner: str = "jwk", **parameters: str) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "StepCA", {"provisioner": provisioner} | parameters)


def order(
    spec: IssuerSpec,
    data: dict[str, bytes],
    csr: bytes | None = None,
    *,
    usages: tuple[str, ...] = (),
    duration: timedelta | None = timedelta(hours=1),
) -> SignRequest:
    asked = csr or pki.csr(common_name="app", dns=["app.example.com"])
    return SignRequest("uid", asked, usages, False, duration, spec, secret(data))


async def refusal(asking: Awaitable[object], kind: type[Exception]) -> str:
    """What people are told, and exactly in this class. No traceback may hold the password."""
    with pytest.raises(kind) as caught:
        await asking
    assert type(caught.value) is kind
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)


def leaf_of(answer: object) -> x509.Certificate:
    assert isinstance(answer, Issued)
    return x509.load_pem_x509_certificates(answer.chain)[0]
