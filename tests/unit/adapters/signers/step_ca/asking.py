"""Asking a server that plays step-ca, in tests."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.integration.step_ca.provisioner import PASSWORD, Provisioner
from tests.support import pki
from tests.support.remote import https

SECRET = ObjectKey("Secret", "team-a", "my-ca")
KEY = Provisioner("kid", iterations=1000)  # not the 600,000 of `step`: each test opens it anew
DATA = {"jwk": KEY.encrypted.encode(), "password": PASSWORD.encode()}
US = https.client_certificate("us")
Answers = dict[str, tuple[int, object]]


def pem(*members: x509.Certificate | pki.Authority) -> list[str]:
    found = [member.certificate if isinstance(member, pki.Authority) else member for member in members]
    return [certificate.public_bytes(Encoding.PEM).decode() for certificate in found]


def secret(data: dict[str, bytes] | None = None, version: str = "1") -> Credentials:
    return Credentials({"ca.crt": https.ROOT.pem} | (DATA if data is None else data), version)


def issuer(server: https.Server, **parameters: str) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "StepCA", {"provisioner": "us"} | parameters)


def order(server: https.Server, **changed: object) -> SignRequest:
    plain = SignRequest("uid", pki.csr(), (), False, timedelta(hours=1), issuer(server), secret())
    return replace(plain, **changed)  # type: ignore[arg-type]


async def refusal(asking: Awaitable[object], kind: type[Exception]) -> str:
    """What people are told, and exactly in this class. No traceback may hold the password."""
    with pytest.raises(kind) as caught:
        await asking
    assert type(caught.value) is kind
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)
