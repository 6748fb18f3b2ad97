"""An EST server with a CA behind it, for tests: honest until a test puts another answer before the next one.

It knows USERNAME with PASSWORD, and client certificates that `https.CLIENTS` signed. What EST cannot ask for (usages,
isCA, duration) is the CA's profile: cert-manager's default usages, no CA, 24 hours.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509

from tests.support import pki
from tests.support.remote import fake_ca, https
from tests.support.remote.asking import BASIC

ROOT = pki.authority("EST root")
ISSUING = pki.authority("EST issuing CA", parent=ROOT, lasts=timedelta(days=300))


class ESTServer:
    """`path` is where it answers; `next` are answers that come first, in this order, to simpleenroll."""

    def __init__(self, path: str = "/.well-known/est") -> None:
        self.path = path
        self.http = https.Server("", self.answer)
        self.next: list[https.Handler] = []
        self.signed: list[bytes] = []
        """Each CSR that it answered with a certificate, as often as it did."""
        self.trusted: Sequence[x509.Certificate] = [ROOT.certificate]
        self.raw = b""
        """In place of `trusted`, where it is no plain list of certificates."""
        self.handed_out: Sequence[x509.Certificate] = [ISSUING.certificate]

    @property
    def url(self) -> str:
        return self.http.url

    @property
    def asked(self) -> list[str]:
        """The operations in the order in which they were asked for."""
        return [seen.path.rpartition("/")[2] for seen in self.http.seen]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        match request.method, request.path.removeprefix(self.path):
            case "GET", "/cacerts":
                return _pkcs7(self.raw or pki.certs_only(self.trusted))
            case "POST", "/simpleenroll":
                return await self._enrol(request)
        return web.Response(status=404)

    async def _enrol(self, request: web.Request) -> web.StreamResponse:
        if not _is_known(request):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="est"'})
        if self.next:
            return await self.next.pop(0)(request)
        if request.content_type != "application/pkcs10":
            return web.Response(status=400)
        leaf = await self.sign(base64.b64decode(await request.read()))
        return _pkcs7(pki.certs_only([*self.handed_out, leaf]))  # a set: the leaf need not be the first

    async def sign(self, csr: bytes) -> x509.Certificate:
        leaf = await fake_ca.issue(pki.armor(csr), by=ISSUING)
        self.signed.append(csr)
        return leaf


@asynccontextmanager
async def est(directory: Path, *, require_client: bool = False, label: str = "") -> AsyncIterator[ESTServer]:
    server = ESTServer("/.well-known/est" + (f"/{label}" if label else ""))
    async with https.serving(directory, server.answer, require_client=require_client) as server.http:
        yield server


def _is_known(request: web.Request) -> bool:
    return request.headers.get("Authorization") == f"Basic {BASIC}" or bool(https.peer(request))


def _pkcs7(body: bytes) -> web.Response:
    headers = {"Content-Type": "application/pkcs7-mime; smime-type=certs-only", "Content-Transfer-Encoding": "base64"}
    return web.Response(body=body, headers=headers)
