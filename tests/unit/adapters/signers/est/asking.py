"""Asking an EST server in tests."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.est import PASSWORD, USERNAME, ESTServer

SECRET = ObjectKey("Secret", "team-a", "my-ca")
BY_NAME = {"username": USERNAME.encode(), "password": PASSWORD.encode()}
BASIC = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
US = https.client_certificate("us")
BY_CERTIFICATE = {"tls.crt": US.pem, "tls.key": US.key_pem}


def secret(*data: dict[str, bytes], version: str = "1") -> Credentials:
    merged = {"ca.crt": https.ROOT.pem}
    for part in data:
        merged |= part
    return Credentials(merged, version)


def issuer(server: ESTServer, **parameters: str) -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "EST", parameters)


def order(server: ESTServer, credentials: Credentials | None = None, csr: bytes | None = None) -> SignRequest:
    used = credentials or secret(BY_NAME)
    return SignRequest("uid", csr or pki.csr(), (), False, timedelta(hours=24), issuer(server), used)


def der(asked: SignRequest) -> bytes:
    return x509.load_pem_x509_csr(asked.csr).public_bytes(Encoding.DER)


def answering(status: int, body: bytes = b"", **headers: str) -> https.Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(
            status=status, body=body, headers={name.replace("_", "-"): headers[name] for name in headers}
        )

    return answer


async def refusal(asking: Awaitable[object], kind: type[Exception]) -> str:
    """What people are told, and exactly in this class. No traceback may hold the password."""
    with pytest.raises(kind) as caught:
        await asking
    assert type(caught.value) is kind
    shown = "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in shown
    assert BASIC not in shown
    return str(caught.value)
