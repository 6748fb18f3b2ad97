"""Asking a server that plays step-ca, in tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.step_ca.signer import StepCASpec
from adapters.spec_fields import Duration
from domain.model import Credentials, IssuerSpec, SignRequest
from tests.integration.step_ca.provisioner import PASSWORD, Provisioner
from tests.support import pki
from tests.support.remote import asking, https
from tests.support.remote.asking import SECRET

KEY = Provisioner("kid", iterations=1000)  # not the 600,000 of `step`: each test opens it anew
DATA = {"jwk": KEY.encrypted.encode(), "password": PASSWORD.encode()}
Answers = dict[str, tuple[int, object]]


def pem(*members: x509.Certificate | pki.Authority) -> list[str]:
    found = [member.certificate if isinstance(member, pki.Authority) else member for member in members]
    return [certificate.public_bytes(Encoding.PEM).decode() for certificate in found]


def secret(data: dict[str, bytes] | None = None, version: str = "1") -> Credentials:
    return asking.secret(DATA if data is None else data, version=version)


def issuer(server: https.Server, max_duration: Duration | None = None) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "stepCA", StepCASpec("us", max_duration))


def order(server: https.Server, **changed: object) -> SignRequest:
    plain = SignRequest("uid", pki.csr(), (), False, timedelta(hours=1), issuer(server), secret())
    return replace(plain, **changed)  # type: ignore[arg-type]
