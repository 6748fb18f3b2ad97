"""What CAs elsewhere answer, and where tenants say that they are."""

from __future__ import annotations

import base64
from collections.abc import Awaitable
from datetime import timedelta

from adapters.signers.est import server as est_server
from adapters.signers.http import client as http
from adapters.signers.http.assembly import assemble
from adapters.signers.http.client import HTTPRequest, HTTPResponse
from adapters.signers.http.pool import ClientPool, Endpoint, base_url
from adapters.signers.pki import bundle as bag
from adapters.signers.pki.bundle import CertificateBundle
from adapters.signers.step_ca.api import StepAPI
from adapters.signers.step_ca.token import Tokens
from domain.errors import IssuerFailed, IssuerUnhealthy, SigningError
from domain.model import Credentials, IssuerSpec
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals

_TOKENS = Tokens("JWK", "jwk and password", {"kid": "kid"}, parties.KEY)
_ENDPOINT = Endpoint("https://ca.example.com", parties.SECRET, parties.CREDENTIALS)
_BASIC = Credentials({"username": b"us", "password": b"it"})


class _Answering(ClientPool):
    """Gives the same answer to everything."""

    def __init__(self, body: bytes) -> None:
        super().__init__(parties.CLOCK)
        self._body = body

    async def exchange(self, endpoint: Endpoint, question: HTTPRequest) -> HTTPResponse:
        return HTTPResponse(200, self._body)


def pkcs7(data: bytes) -> bool:
    """An EST server's answer, as it is and in base64, and what is made of it."""
    return any([_pkcs7(data), _pkcs7(base64.b64encode(data))])


def _pkcs7(answer: bytes) -> bool:
    try:
        found = bag.read_pkcs7(answer)
    except ValueError as error:
        refusals.check(error, ValueError)
        return False
    trusted = CertificateBundle([parties.CA.certificate])
    return _is_kept(assemble("", "the CA", found, parties.KEY.public_key(), trusted, _nothing_new, parties.NOW))


async def _nothing_new() -> CertificateBundle:
    raise IssuerUnhealthy("not just now")


def step(data: bytes) -> bool:
    """step-ca's answer to each of the questions."""
    api = StepAPI(_Answering(data), _ENDPOINT)
    return any(
        [
            _is_kept(api.require_health(), IssuerUnhealthy),
            _is_kept(api.require_provisioner("us", _TOKENS), IssuerUnhealthy),
            _is_kept(api.roots(), IssuerUnhealthy),
            _is_kept(api.sign(parties.REQUEST, "token", None, "us", _TOKENS)),
        ]
    )


def _is_kept(work: Awaitable[object], kind: type[Exception] = SigningError) -> bool:
    try:
        parties.finish(work)
    except SigningError as refusal:
        refusals.check(refusal, kind)
        return False
    return True


def retry_after(data: bytes) -> bool:
    """http.retry_after; a header is what aiohttp makes of it."""
    found = http.retry_after(data.decode(errors="surrogateescape"), parties.NOW)
    assert found is None or found >= timedelta(0)
    return found is not None


def url(data: bytes) -> bool:
    """spec.url, for all remote signers and for EST, which wants it without a path; and EST's label."""
    text = data.decode(errors="surrogateescape")
    _read_for_est(text)
    return any([_is_url(text, allow_http=True), _is_url(text, allow_http=False)])


def _is_url(text: str, *, allow_http: bool) -> bool:
    try:
        base = base_url(text, allow_http=allow_http)
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="spec.url: ")
        return False
    scheme, _, host, *_ = base.split("/")
    assert scheme.lower() in (["https:", "http:"] if allow_http else ["https:"])
    assert host
    assert "@" not in host
    return True


def _read_for_est(text: str) -> None:
    for url, label in ((text, ""), ("https://ca.example.com", text)):
        try:
            est_server.server(IssuerSpec(url, parties.SECRET, "EST", {"label": label}), _BASIC)
        except IssuerFailed as refusal:
            refusals.check(refusal, IssuerFailed, begins="spec.")
