"""Asking an EST server in tests."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.model import Credentials, SignRequest
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME, secret
from tests.support.remote.est import ESTServer
from tests.support.remote.est_spec import est_issuer

BY_NAME = {"username": USERNAME.encode(), "password": PASSWORD.encode()}


def order(server: ESTServer, credentials: Credentials | None = None, csr: bytes | None = None) -> SignRequest:
    used = credentials or secret(BY_NAME)
    return SignRequest("uid", csr or pki.csr(), (), False, timedelta(hours=24), est_issuer(server), used)


def der(asked: SignRequest) -> bytes:
    return x509.load_pem_x509_csr(asked.csr).public_bytes(Encoding.DER)


def answering(status: int, body: bytes = b"", **headers: str) -> https.Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(
            status=status, body=body, headers={name.replace("_", "-"): headers[name] for name in headers}
        )

    return answer
