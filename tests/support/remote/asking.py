"""Asking a CA in tests: with a Secret and a pool of clients, and what comes of it where it fails."""

from __future__ import annotations

import base64
import traceback
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Protocol

import pytest

from adapters.signers.http.client import HTTPRequest, Limits
from adapters.signers.http.pool import ClientPool, Endpoint
from domain.errors import IssuerUnhealthy
from domain.model import Credentials, ObjectKey
from domain.ports import Clock
from tests.contracts.clock import StoppedClock
from tests.support.remote.https import ROOT, client_certificate

CANARY = "canary-5b2f9c1e7d"
USERNAME, PASSWORD = "us", CANARY
BASIC = base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
SECRET = ObjectKey("Secret", "team-a", "my-ca")
SHORT = Limits(connect=timedelta(seconds=5), total=timedelta(milliseconds=200), body=10_000)
PLAIN = HTTPRequest("GET", "/")
US = client_certificate("us")
BY_CERTIFICATE = {"tls.crt": US.pem, "tls.key": US.key_pem}


class HasURL(Protocol):
    @property
    def url(self) -> str: ...


@asynccontextmanager
async def made(clock: Clock | None = None, **arguments: object) -> AsyncIterator[ClientPool]:
    found = ClientPool(clock or StoppedClock(), **arguments)  # type: ignore[arg-type]
    try:
        yield found
    finally:
        await found.close()


def secret(*data: Mapping[str, bytes], version: str = "1") -> Credentials:
    """Trusts the test server unless told otherwise."""
    merged = {"ca.crt": ROOT.pem}
    for part in data:
        merged |= part
    return Credentials(merged, version)


def endpoint(
    url: str, data: Mapping[str, bytes] | None = None, *, client_certificate: bool = False, version: str = "1"
) -> Endpoint:
    return Endpoint(url, SECRET, secret(data or {}, version=version), client_certificate)


async def refusal(asking: Awaitable[object], kind: type[Exception] = IssuerUnhealthy) -> str:
    """What people are told, and exactly in this class. No traceback may hold a password: each is a canary."""
    with pytest.raises(kind) as caught:
        await asking
    assert type(caught.value) is kind
    shown = "".join(traceback.format_exception(caught.value))
    assert "canary-" not in shown
    assert BASIC not in shown
    return str(caught.value)
