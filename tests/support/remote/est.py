"""An EST server with a CA behind it, for tests: honest until a test puts another answer before the next one.

It knows USERNAME with PASSWORD, and client certificates that `https.CLIENTS` signed. What EST cannot ask for (usages,
isCA, duration) is the CA's profile: `profiles` holds one for each CSR that a test announces.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.ca.signer import CA
from adapters.signers.est.server import ESTSpec
from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import BASIC, SECRET, HasURL

ROOT = pki.authority("EST root")
ISSUING = pki.authority("EST issuing CA", parent=ROOT, lasts=timedelta(days=300))
_ISSUER = IssuerSpec("", ObjectKey("Secret", "the-ca", "its-own"), "ca")
_KEYS = Credentials({"tls.crt": ISSUING.pem, "tls.key": ISSUING.key_pem})


def est_issuer(server: HasURL, label: str = "") -> IssuerSpec:
    return IssuerSpec(server.url, SECRET, "est", ESTSpec(label))


class ESTServer:
    """`path` is where it answers; `next` are answers that come first, in this order, to simpleenroll."""

    def __init__(self, path: str = "/.well-known/est") -> None:
        self.path = path
        self.http = https.Server("", self.answer)
        self.next: list[https.Handler] = []
        self.signed: list[bytes] = []
        """Each CSR that it answered with a certificate, as often as it did."""
        self.profiles: dict[bytes, SignRequest] = {}
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

    def announce(self, order: SignRequest) -> None:
        """Makes the CA sign this order's CSR as the order has it."""
        csr = x509.load_pem_x509_csr(order.csr).public_bytes(Encoding.DER)
        self.profiles[csr] = replace(order, issuer=_ISSUER, credentials=_KEYS)

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
        answer = await CA(StoppedClock()).sign(self.profiles.get(csr) or _plain(csr))
        self.signed.append(csr)
        return x509.load_pem_x509_certificates(answer.chain)[0]


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


def _plain(csr: bytes) -> SignRequest:
    return SignRequest("uid", pki.armor(csr), (), False, timedelta(hours=24), _ISSUER, _KEYS)
