"""The signer with a blocking SDK that adapters/signers/README.md shows: while the SDK waits, the event loop goes on."""

from __future__ import annotations

import asyncio
import sys
import threading
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import Credentials, Issued
from domain.ports import Signer
from tests.support import readme
from tests.unit.adapters.signers.orders import ISSUER, order

CODE = readme.python("adapters/signers/README.md", "## Write a signer with a blocking SDK")
SECRET = Credentials({"token": b"canary-5b2f9c1e7d"})


class Refused(Exception):
    pass


class SDK:
    """`mine_sdk`: a call returns when `go` is set, or raises `failure`."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self.failure: Exception | None = None

    def client(self, *_: object, **__: object) -> SDK:
        return self

    def ping(self) -> None:
        self.sign(b"")

    def sign(self, _: bytes) -> SimpleNamespace:
        self.begun.set()
        assert self.go.wait(timeout=30), "nobody let it go: the event loop stands still"
        if self.failure:
            raise self.failure
        return SimpleNamespace(chain=b"chain", root=b"root")


@pytest.fixture
def sdk() -> SDK:
    return SDK()


@pytest.fixture
def signer(sdk: SDK, monkeypatch: pytest.MonkeyPatch) -> Signer:
    module: Any = ModuleType("mine_sdk")
    module.Client, module.Refused = sdk.client, Refused
    monkeypatch.setitem(sys.modules, "mine_sdk", module)
    found: dict[str, Any] = {"__name__": "adapters.signers.mine.signer"}
    exec(CODE, found)  # noqa: S102  # the README's own code
    signer: Signer = found["Mine"]()
    return signer


async def test_the_event_loop_goes_on_while_the_sdk_waits(signer: Signer, sdk: SDK) -> None:
    signing = asyncio.create_task(signer.sign(order(credentials=SECRET)))
    assert await asyncio.to_thread(sdk.begun.wait, 30)
    sdk.go.set()  # which only this loop does

    assert await signing == Issued(b"chain", b"root")


@pytest.mark.parametrize(
    ("failure", "kind"), [(Refused("canary-"), RequestRejected), (TimeoutError("canary-"), IssuerUnhealthy)]
)
async def test_what_the_sdk_raises_is_translated(
    signer: Signer, sdk: SDK, failure: Exception, kind: type[Exception]
) -> None:
    sdk.failure = failure
    sdk.go.set()
    with pytest.raises(kind) as caught:
        await signer.sign(order(credentials=SECRET))

    assert "canary-" not in str(caught.value)


async def test_a_check_says_that_the_ca_does_not_answer(signer: Signer, sdk: SDK) -> None:
    sdk.failure = ConnectionRefusedError()
    sdk.go.set()
    with pytest.raises(IssuerUnhealthy, match="the CA does not answer"):
        await signer.check(ISSUER, SECRET)


async def test_a_secret_without_a_token_fails_the_issuer(signer: Signer) -> None:
    with pytest.raises(IssuerFailed, match="has no token"):
        await signer.check(ISSUER, Credentials({}))
