"""StepCA: the keys of provisioners in Secrets, the tokens made with them, and what step-ca answers."""

from __future__ import annotations

import base64
import json

from adapters.signers.http.client import HTTPRequest, HTTPResponse
from adapters.signers.http.pool import ClientPool, Endpoint
from adapters.signers.pki import csr as csrs
from adapters.signers.step_ca import jwe as provisioners
from adapters.signers.step_ca import token as tokens_of
from adapters.signers.step_ca.api import StepAPI
from adapters.signers.step_ca.token import Tokens
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import Credentials
from tests.integration.step_ca.provisioner import encrypt
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals
from tests.tools.fuzz.targets.remote import is_kept

_PASSWORD = b"password"
_CSR = csrs.read(parties.REQUEST)
_SEALED = encrypt(b"{}", _PASSWORD, iterations=1).split(".")[1:]
_TOKENS = Tokens("JWK", "jwk and password", {"kid": "kid"}, parties.KEY)
_ENDPOINT = Endpoint("https://ca.example.com", parties.SECRET, parties.CREDENTIALS)


class _Answering(ClientPool):
    """Gives the same answer to everything."""

    def __init__(self, body: bytes) -> None:
        super().__init__(parties.CLOCK)
        self._body = body

    async def exchange(self, endpoint: Endpoint, question: HTTPRequest) -> HTTPResponse:
        return HTTPResponse(200, self._body)


def step(data: bytes) -> bool:
    """step-ca's answer to each of the questions."""
    api = StepAPI(_Answering(data), _ENDPOINT)
    return any(
        [
            is_kept(api.require_health(), IssuerUnhealthy),
            is_kept(api.require_provisioner("us", _TOKENS), IssuerUnhealthy),
            is_kept(api.roots(), IssuerUnhealthy),
            is_kept(api.sign(parties.REQUEST, "token", None, "us", _TOKENS)),
        ]
    )


def token(data: bytes) -> bool:
    """A token for a request whose CSR has this body."""
    signed = parties.request(data)
    try:
        _TOKENS.make("us", "ca.example.com", parties.order(signed), csrs.read(signed), parties.NOW)
    except RequestRejected as refusal:
        refusals.check(refusal, RequestRejected, begins="spec.", quotes=True)
        return False
    return True


def jwe(data: bytes) -> bool:
    """The encrypted key of a provisioner; and one with these bytes for its header."""
    header = base64.urlsafe_b64encode(data).decode()
    return any([_opens(data), _opens(".".join([header, *_SEALED]).encode())])


def _opens(encrypted: bytes) -> bool:
    try:
        provisioners.decrypt(encrypted, _PASSWORD)
    except ValueError as error:
        refusals.check(error, ValueError)
        return False
    return True


def jwk(data: bytes) -> bool:
    """What was encrypted, and a token made with it."""
    encrypted = encrypt(data, _PASSWORD, iterations=1).encode()
    credentials = Credentials({tokens_of.JWK: encrypted, tokens_of.PASSWORD: _PASSWORD})
    try:
        tokens = tokens_of.read_tokens(parties.SECRET, credentials, parties.NOW)
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="Secret team-a/my-ca: jwk ")
        return False
    made = tokens.make("us", "ca.example.com", parties.order(), _CSR, parties.NOW)
    header = made.split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["kid"] == tokens.header["kid"]
    return True
