"""A credential is in no repr, no log line and no error, whatever goes wrong with the Secret that holds it.

Of the Secrets of a cluster only names and versions are ever decoded; of an issuer's own, nothing is printed. The
manager's token, which every request carries (CANARY), is shown nowhere either.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import traceback
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from adapters.idle_cache import IdleCache
from adapters.kubernetes.api import Api
from adapters.kubernetes.ca_store import KubernetesCAStore
from adapters.kubernetes.client import client_of
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.kubernetes.credentials import Credential
from adapters.kubernetes.schema import SECRET_VERSIONS, SECRETS
from adapters.memory.metrics import MemoryMetrics
from domain.errors import ClusterError, Invalid
from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from entrypoints.issuer import NAMES
from tests.support.specs import codec
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, Reply, Stream, line, page
from tests.unit.adapters.kubernetes.reflecting import Seen, an_object, following, passing_at_once, until
from tests.unit.adapters.kubernetes.wire import CANARY, REQUESTS, Answer, Wire, access, answering

ENCODED = base64.b64encode(CANARY.encode()).decode()
APPLIED = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"stringData": {"token": CANARY}})}
KEY = ObjectKey("Secret", "team-a", "credentials")
SECRET = {
    "kind": "Secret",
    "metadata": {
        "name": "credentials",
        "namespace": "team-a",
        "uid": "u",
        "resourceVersion": "11",
        "annotations": APPLIED,
        "labels": {"token": CANARY},
        "managedFields": [{"manager": CANARY}],
    },
    "data": {"token": ENCODED},
    "stringData": {"token": CANARY},
}


def shown(text: str) -> bool:
    return CANARY in text or ENCODED in text


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return passing_at_once(monkeypatch)


def test_credentials_show_what_they_are_called_and_not_what_they_are() -> None:
    credentials = Credentials({"token": CANARY.encode()}, "7")
    order = SignRequest("u", b"", (), False, timedelta(0), IssuerSpec("", KEY, "ca"), credentials)
    for text in (repr(credentials), str(credentials), f"{credentials}", repr(order), repr([order]), f"{order!s}"):
        assert not shown(text)
    assert "version='7'" in repr(credentials)


def test_the_managers_own_credential_does_not_show_itself() -> None:
    held = Credential(f"Bearer {CANARY}", CANARY.encode())
    config = access("https://api.example.com")
    for text in (repr(held), str(held), f"{held}", repr([held]), repr(config), str(config.user)):
        assert not shown(text)


def test_of_a_secret_in_the_watch_only_its_name_and_version_are_decoded() -> None:
    told = msgspec.json.decode(json.dumps(SECRET).encode(), type=SECRET_VERSIONS.main)
    held = {"name": "credentials", "namespace": "team-a", "uid": "u", "resourceVersion": "11"}
    assert msgspec.to_builtins(told) == {"metadata": held}
    assert not shown(repr(told))


def test_a_secret_that_was_read_does_not_show_its_data() -> None:
    told = msgspec.json.decode(json.dumps(SECRET).encode(), type=SECRETS.main)
    assert told.data == {"token": CANARY.encode()}
    assert not shown(repr(told) + str(told) + f"{[told]}")
    assert "credentials" in repr(told)


def _following_secrets(server: FakeApiServer) -> AbstractAsyncContextManager[Seen]:
    return following(server, resource=SECRET_VERSIONS, metadata_only=True)


ODD_SECRETS: list[dict[str, Any]] = [
    SECRET | {"metadata": SECRET["metadata"] | {"uid": {"token": CANARY}}},  # type: ignore[operator]
    SECRET | {"metadata": SECRET["metadata"] | {"resourceVersion": 11}},  # type: ignore[operator]
    SECRET | {"metadata": [CANARY, ENCODED]},
    SECRET | {"metadata": CANARY},
]


@pytest.mark.parametrize("odd", ODD_SECRETS)
@pytest.mark.usefixtures("pauses")
async def test_a_secret_that_cannot_be_read_is_logged_without_its_bytes(
    odd: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    broken = json.dumps({"type": "ADDED", "object": SECRET}).encode()[:-9] + b"\n"
    watches = [Stream([line("ADDED", odd), line("DELETED", odd)], "ends"), Stream([broken], "ends")]
    async with FakeApiServer([page(odd, SECRET)], watches) as server, _following_secrets(server) as seen:
        await until(lambda: len(server.watches) > 2)
        assert "credentials@11" in seen.told
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 2
    assert all("cannot be read and is left alone: Expected `" in message for message in errors)
    assert not shown(caplog.text)


async def test_at_no_level_does_a_log_show_the_secrets_or_the_managers_token(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("anybody").debug("all that is said is seen here")
    lists = [page(SECRET), page(), page(), page(), page(), page(), Reply(json.dumps(SECRET).encode())]
    async with FakeApiServer(lists) as server:
        api = Api(client_of(access(server.url), MemoryMetrics()), "tester")
        cluster = KubernetesCluster(api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
        watching = asyncio.create_task(cluster.watch(lambda key, after: None))
        async with asyncio.timeout(10):
            await cluster.synced()
        credentials = await cluster.credentials(KEY)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await api.close()
        assert credentials.data == {"token": CANARY.encode()}
        assert server.asked[0].headers["authorization"] == f"Bearer {CANARY}"
    assert "all that is said" in caplog.text
    assert not shown(caplog.text)
    assert not shown(repr(vars(vars(cluster)["_held"])) + repr(vars(vars(cluster)["_cache"])))


def _body(code: int, content: bytes, kind: str = "application/json") -> Answer:
    headers = {"Content-Type": kind, "X-Echo": CANARY, "Set-Cookie": CANARY, "Warning": CANARY}
    return lambda _: httpx2.Response(code, headers=headers, content=content)


def _raising(error: Exception) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


STATUS = {"message": "said so", "details": {"name": CANARY, "causes": [{"message": CANARY}]}, "reason": CANARY}
ECHOES: dict[str, Answer] = {
    "a status": _body(403, json.dumps(STATUS).encode()),
    "text": _body(429, CANARY.encode(), "text/plain"),
    "html": _body(502, CANARY.encode(), "text/html"),
    "broken json": _body(500, CANARY.encode()),
    "no status": _body(500, json.dumps({"message": [CANARY]}).encode()),
    "a list": _body(500, json.dumps([CANARY]).encode()),
    "no object": _body(200, json.dumps([CANARY]).encode()),
    "no base64": _body(200, json.dumps({"data": {CANARY: CANARY}}).encode()),
    "half an object": _body(200, json.dumps(SECRET).encode()[:-5]),
    "no text": _body(200, b'{"metadata": {"name": "\xff' + CANARY.encode() + b'"}}'),
}


@pytest.mark.parametrize("echo", ECHOES)
async def test_no_error_shows_what_the_server_sent_or_got(echo: str) -> None:
    api = Wire(ECHOES[echo]).api
    calls: list[Awaitable[Any]] = [
        api.get(SECRETS, "team-a", "x"),
        api.apply_status(REQUESTS, "team-a", "x", "1", {}),
    ]
    for result in await asyncio.gather(*calls, return_exceptions=True):
        told = "".join(traceback.format_exception(result)) if isinstance(result, ClusterError) else ""
        assert not shown(told + repr(result) + str(result))


@pytest.mark.parametrize(
    "error",
    [ValueError(CANARY), KeyError(CANARY), OSError(CANARY)]
    + [kind(CANARY) for kind in (httpx2.ConnectError, httpx2.ReadError, httpx2.RemoteProtocolError)],
    ids=lambda error: type(error).__name__,
)
async def test_no_error_repeats_what_a_library_says(error: Exception) -> None:
    api = Wire(_raising(error)).api
    for call in (api.get(SECRETS, "team-a", "x"), api.apply_status(REQUESTS, "team-a", "x", "1", {})):
        with pytest.raises(ClusterError) as raised:
            await call
        assert not shown(str(raised.value) + repr(raised.value))


async def test_a_ca_that_is_not_whole_is_named_and_not_shown() -> None:
    wire = answering(SECRET)
    with pytest.raises(Invalid) as refused:
        await KubernetesCAStore(wire.api, "system", "demo-ca").get_or_create(lambda: (b"", b""))
    assert str(refused.value) == "Secret system/demo-ca lacks tls.crt or tls.key: delete it for a new CA"
    assert len(wire.asked) == 1


def test_what_is_not_a_secret_may_show_itself() -> None:
    assert "team-a" in repr(msgspec.json.decode(json.dumps(an_object()).encode(), type=REQUESTS.main))
