"""Asking the real step-ca in tests."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509

from adapters.signers.step_ca.signer import StepCASpec
from adapters.spec_fields import Duration
from domain.model import Issued, IssuerSpec, SignRequest
from tests.integration.step_ca.provisioner import PASSWORD, Provisioner
from tests.integration.step_ca.server import DEFAULT_JWK, HONOURING_JWK, ROOT, X5C, StepCAServer
from tests.support import pki
from tests.support.remote.asking import SECRET, secret

TRUST = {"ca.crt": ROOT.pem}
BY_CERTIFICATE = TRUST | {"tls.crt": X5C.pem, "tls.key": X5C.key_pem}


def by_jwk(key: Provisioner, password: str = PASSWORD) -> dict[str, bytes]:
    return TRUST | {"jwk": key.encrypted.encode(), "password": password.encode()}


BY_DEFAULT, BY_HONOURING = by_jwk(DEFAULT_JWK), by_jwk(HONOURING_JWK)


def issuer(server: StepCAServer, provisioner: str = "jwk", max_duration: Duration | None = None) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "stepCA", StepCASpec(provisioner, max_duration))


def order(
    spec: IssuerSpec,
    data: dict[str, bytes],
    csr: bytes | None = None,
    *,
    usages: tuple[str, ...] = (),
    duration: timedelta | None = timedelta(hours=1),
) -> SignRequest:
    asked = csr or pki.csr(common_name="app", dns=["app.example.com"])
    return SignRequest("uid", asked, usages, False, duration, spec, secret(TRUST, data))


def leaf_of(answer: object) -> x509.Certificate:
    assert isinstance(answer, Issued)
    return x509.load_pem_x509_certificates(answer.chain)[0]
