"""What KubernetesCluster keeps and asks for, beyond what its contract can see.

A Secret is read by name, once for each of its versions while an issuer uses it, up to a size; all that are held are
bounded in bytes.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from adapters.idle_cache import IdleCache
from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.memory.metrics import MemoryMetrics
from domain.errors import Invalid, NotFound, Transient
from domain.model import CERTIFICATE_REQUEST, Issuer, IssuerSpec, ObjectKey, SecretVersion
from entrypoints.issuer import NAMES
from tests.support.specs import codec
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, page
from tests.unit.adapters.kubernetes.wire import Wire, access, path_of, segments

KEY = ObjectKey("Secret", "team-a", "credentials")


class Secrets:
    """A server that holds one Secret, by any name, and tells when it is asked."""

    def __init__(self) -> None:
        self.version = "7"
        self.data = {"token": "YWJj"}
        self.metadata: dict[str, Any] = {}
        self.answers = asyncio.Event()
        self.answers.set()
        self.wire = Wire(self._answer)
        self.cluster = KubernetesCluster(self.wire.api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())

    async def _answer(self, _: httpx2.Request) -> httpx2.Response:
        await self.answers.wait()
        metadata = {"name": "credentials", "namespace": "team-a", "resourceVersion": self.version} | self.metadata
        return httpx2.Response(200, json={"metadata": metadata, "data": self.data})

    def tell(self, key: ObjectKey = KEY) -> None:
        """What the watch would: the Secret, and an issuer that uses it."""
        self.cluster._cache.put(SecretVersion(key, "u", self.version))
        self.cluster._cache.put(issuer_of(key))

    @property
    def held(self) -> list[ObjectKey]:
        return list(self.cluster._held._entries)


def issuer_of(secret: ObjectKey, version: str = "7") -> Issuer:
    key = ObjectKey(NAMES.issuer, secret.namespace, "ca")
    return Issuer(replace(key, name=f"of-{secret.name}"), "u", version, 1, IssuerSpec("", secret, "ca"))


@pytest.fixture
def secrets() -> Secrets:
    return Secrets()


async def test_a_secret_is_read_once_while_it_stays_as_it_is(secrets: Secrets) -> None:
    secrets.tell()
    read = [await secrets.cluster.credentials(KEY) for _ in range(3)]
    assert [(each.data, each.version) for each in read] == [({"token": b"abc"}, "7")] * 3
    assert segments(secrets.wire.only) == ["api", "v1", "namespaces", "team-a", "secrets", "credentials"]


async def test_a_secret_that_changed_is_read_again(secrets: Secrets) -> None:
    secrets.tell()
    await secrets.cluster.credentials(KEY)
    secrets.version = "8"
    secrets.tell()
    assert (await secrets.cluster.credentials(KEY)).version == "8"
    assert len(secrets.wire.asked) == 2


async def test_a_secret_that_the_watch_has_not_told_of_is_not_relied_on(secrets: Secrets) -> None:
    for _ in range(2):
        await secrets.cluster.credentials(KEY)
    assert len(secrets.wire.asked) == 2


async def test_a_secret_that_was_deleted_is_held_no_longer(secrets: Secrets) -> None:
    secrets.tell()
    await secrets.cluster.credentials(KEY)
    assert secrets.held == [KEY]
    secrets.cluster._removed(KEY)
    assert secrets.held == []


async def test_a_secret_that_no_issuer_uses_any_more_is_held_no_longer(secrets: Secrets) -> None:
    secrets.tell()
    second = replace(issuer_of(KEY), key=ObjectKey(NAMES.issuer, "team-a", "second"))
    secrets.cluster._cache.put(second)
    await secrets.cluster.credentials(KEY)
    secrets.cluster._removed(issuer_of(KEY).key)
    assert secrets.held == [KEY]
    elsewhere = IssuerSpec("", replace(KEY, name="other"), "ca")
    secrets.cluster._cache.put(replace(second, resource_version="8", spec=elsewhere))
    assert secrets.held == []
    await secrets.cluster.credentials(KEY)
    assert secrets.held == []


async def test_as_many_secrets_are_held_as_fit_the_last_used_first(secrets: Secrets) -> None:
    secrets.cluster._held._budget = 1000
    first, second, third = (ObjectKey("Secret", "team-a", name) for name in ("first", "second", "third"))
    for key in (first, second, third):
        secrets.tell(key)
    for key in (first, second, first, third):
        await secrets.cluster.credentials(key)
    assert secrets.held == [first, third]
    secrets.data = {"large": base64.b64encode(b"x" * 1000).decode()}
    secrets.version = "8"
    secrets.tell(third)
    assert len((await secrets.cluster.credentials(third)).data["large"]) == 1000
    assert secrets.held == [third]


async def test_a_secret_with_the_largest_bundle_and_annotations_is_read(secrets: Secrets) -> None:
    secrets.data = {"ca.crt": base64.b64encode(b"x" * 2**19).decode()}
    secrets.metadata = {"annotations": {"note": "x" * 2**18}}
    assert len((await secrets.cluster.credentials(KEY)).data["ca.crt"]) == 2**19


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"ca.crt": "A" * 2**20}, "has more than the 1,048,576 bytes that are read, its data being in base64"),
        ({f"k{n}": "" for n in range(20_000)}, "has 20,000 keys, more than the 1,000 that are read"),
    ],
    ids=["bytes", "keys"],
)
async def test_a_secret_that_no_signer_can_need_is_refused(secrets: Secrets, data: dict[str, str], why: str) -> None:
    secrets.tell()
    secrets.data = data
    with pytest.raises(Invalid) as refused:
        await secrets.cluster.credentials(KEY)
    assert str(refused.value) == f"Secret team-a/credentials {why}; leave out what the issuer's signer does not need"
    assert secrets.held == []


async def test_few_secrets_are_read_at_a_time(secrets: Secrets) -> None:
    keys = [ObjectKey("Secret", "team-a", f"s{n}") for n in range(20)]
    secrets.answers.clear()
    reading = [asyncio.create_task(secrets.cluster.credentials(key)) for key in keys]
    async with asyncio.timeout(10):
        while len(secrets.wire.asked) < 8:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(secrets.wire.asked) == 8
        secrets.answers.set()
        await asyncio.gather(*reading)
    assert len(secrets.wire.asked) == 20


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer([page()] * 6) as server:
        yield server


async def test_the_kinds_are_followed_in_the_order_in_which_they_depend_on_each_other(server: FakeApiServer) -> None:
    api = Api(client_of(access(server.url), MemoryMetrics()), "tester")
    cluster = KubernetesCluster(api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    watching = asyncio.create_task(cluster.watch(lambda key, after: None))
    async with asyncio.timeout(10):
        await cluster.synced()
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await api.close()
    requests = ["certificaterequests", "certificatesigningrequests", "podcertificaterequests"]
    kinds = ["secrets", NAMES.issuers, NAMES.cluster_issuers, *requests]
    assert [asked.path.split("/")[-1] for asked in server.lists] == kinds
    for asked in server.asked:
        assert ("as=PartialObjectMetadata" in asked.headers["accept"]) is (asked.path == "/api/v1/secrets")


async def test_what_is_gone_is_forgotten_when_it_is_asked_for() -> None:
    wire = Wire(lambda _: httpx2.Response(404, json={"kind": "Status", "message": "not found"}))
    cluster = KubernetesCluster(wire.api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    woken: list[tuple[ObjectKey, timedelta]] = []
    cluster._enqueue = lambda key, after: woken.append((key, after))
    told = {
        "metadata": {"name": "web", "namespace": "team-a", "uid": "u", "resourceVersion": "7"},
        "spec": {"issuerRef": {"group": NAMES.group, "kind": NAMES.issuer, "name": "ca"}},
    }
    key = ObjectKey(CERTIFICATE_REQUEST, "team-a", "web")
    followed = cluster._resources[CERTIFICATE_REQUEST]
    cluster._reflector(followed, None)._take(json.dumps({"type": "ADDED", "object": told}).encode())
    assert woken == [(key, timedelta(0))]
    assert await cluster.load(key) is not None
    assert await cluster.reload(key) is None
    assert await cluster.load(key) is None
    assert segments(wire.only) == path_of(followed, "team-a", "web")


@pytest.mark.parametrize(("code", "expected"), [(404, NotFound), (500, Transient)])
async def test_a_secret_that_cannot_be_read_is_told_in_the_servers_words(code: int, expected: type[Exception]) -> None:
    told = {"kind": "Status", "message": 'secrets "credentials" not found'}
    wire = Wire(lambda _: httpx2.Response(code, json=told))
    cluster = KubernetesCluster(wire.api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    with pytest.raises(expected, match='secrets "credentials" not found'):
        await cluster.credentials(KEY)
