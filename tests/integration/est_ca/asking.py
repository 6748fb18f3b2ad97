"""Asking est-ca in tests."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable
from datetime import timedelta

import pytest

from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.integration.est_ca.server import PASSWORD, ESTCAServer
from tests.support import pki
from tests.support.remote import https

SECRET = ObjectKey("Secret", "team-a", "my-ca")
US = https.client_certificate("us")
BY_NAME = {"username": b"us", "password": PASSWORD.encode()}
BY_CERTIFICATE = {"tls.crt": US.pem, "tls.key": US.key_pem}
ITS_PROFILE = ("digital signature", "key encipherment", "client auth")
"""The usages that est-ca gives, whatever it is asked for."""


def secret(data: dict[str, bytes]) -> Credentials:
    return Credentials({"ca.crt": https.ROOT.pem} | data, version="1")


def issuer(server: ESTCAServer, **parameters: str) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "EST", parameters)


def order(server: ESTCAServer, csr: bytes | None = None, data: dict[str, bytes] = BY_NAME) -> SignRequest:
    """Of a certificate just as est-ca makes it, unless told otherwise."""
    asked = csr or pki.csr(common_name="us")
    return SignRequest("uid", asked, ITS_PROFILE, False, timedelta(days=7), issuer(server), secret(data))


async def refusal(asking: Awaitable[object], kind: type[Exception]) -> str:
    """What people are told, and exactly in this class. No traceback may hold the password."""
    with pytest.raises(kind) as caught:
        await asking
    assert type(caught.value) is kind
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)
