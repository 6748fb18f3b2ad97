"""Asking CAs by HTTP in tests: an endpoint with a Secret, and what comes of it where it fails."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from adapters.signers.http.client import HTTPRequest, HTTPResponse, Limits
from adapters.signers.http.pool import ClientPool, Endpoint
from domain.errors import IssuerUnhealthy
from domain.model import Credentials, ObjectKey
from tests.contracts.clock import StoppedClock
from tests.support.remote.https import ROOT, client_certificate

SECRET = ObjectKey("Secret", "team-a", "my-ca")
CANARY = "canary-5b2f9c1e7d"
SHORT = Limits(connect=timedelta(seconds=5), total=timedelta(milliseconds=200), body=10_000)
PLAIN = HTTPRequest("GET", "/")
US = client_certificate("us")


@asynccontextmanager
async def made(**arguments: object) -> AsyncIterator[ClientPool]:
    found = ClientPool(StoppedClock(), **arguments)  # type: ignore[arg-type]
    try:
        yield found
    finally:
        await found.close()


def endpoint(
    url: str, secret: dict[str, bytes] | None = None, *, client_certificate: bool = False, version: str = "1"
) -> Endpoint:
    """Trusts the test server unless told otherwise."""
    data = {"ca.crt": ROOT.pem} | (secret or {})
    return Endpoint(url, SECRET, Credentials(data, version), client_certificate)


async def refusal(asking: Awaitable[HTTPResponse], kind: type[Exception] = IssuerUnhealthy) -> str:
    """What people are told. Neither that nor a traceback may hold the canary."""
    with pytest.raises(kind) as caught:
        await asking
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return str(caught.value)
