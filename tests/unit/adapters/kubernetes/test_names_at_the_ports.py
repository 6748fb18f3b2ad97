"""Every door to the API server refuses hostile names before anything is sent.

The doors are found by looking, so that a new one cannot be forgotten here.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

import httpx2
import pytest

from adapters.idle_cache import IdleCache
from adapters.kubernetes.api import Api
from adapters.kubernetes.ca_store import KubernetesCAStore
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.kubernetes.names import is_name
from adapters.kubernetes.recorder import KubernetesRecorder
from adapters.kubernetes.schema import EVENTS, SECRETS, Resource
from adapters.memory.metrics import MemoryMetrics
from domain.effects import Event, PatchStatus, SigningRequestStatus
from domain.errors import Invalid
from domain.model import ObjectKey
from domain.ports import Cluster
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.support.specs import codec
from tests.unit.adapters.kubernetes.hostile import NAMES_OF_NOTHING, NOT_RFC_1123
from tests.unit.adapters.kubernetes.wire import RESOURCES, Wire, answering, path_of, segments

Call = Callable[[Api, Resource, str, str], Awaitable[Any]]
CALLS: dict[str, Call] = {
    "get": lambda api, resource, namespace, name: api.get(resource, namespace, name),
    "get_within": lambda api, resource, namespace, name: api.get_within(resource, namespace, name, most=9),
    "create": lambda api, resource, namespace, name: api.create(resource, namespace, {"metadata": {"name": name}}),
    "replace": lambda api, resource, namespace, name: api.replace(resource, namespace, {"metadata": {"name": name}}),
    "merge": lambda api, resource, namespace, name: api.merge(resource, namespace, name, {}),
    "apply_status": lambda api, resource, namespace, name: api.apply_status(resource, namespace, name, "1", {}),
    "delete": lambda api, resource, namespace, name: api.delete(resource, namespace, name, "1"),
}
WITHIN: dict[str, Call] = {
    "list_page": lambda api, resource, namespace, name: api.list_page(
        resource, namespace=namespace, limit=1, token=None, metadata_only=False
    ),
    "watch": lambda api, resource, namespace, name: _begun(
        api.watch(resource, namespace=namespace, resource_version="1", seconds=1, metadata_only=False)
    ),
}
"""What takes a namespace and no name."""
NAMELESS = {"close", "review", "serves"}

NO_TEXT = "\ud800"  # no JSON can hold it, so no watch tells it
TROUBLESOME = [name for name in [*NOT_RFC_1123, "A" * 300] if name not in (NO_TEXT, "a" * 254)]
"""What an Event cannot be called."""


async def _begun(watch: AbstractAsyncContextManager[Any]) -> None:
    async with watch:
        pass


def _refused_by(kind: str) -> list[str]:
    return NAMES_OF_NOTHING if kind == "CertificateSigningRequest" else NOT_RFC_1123


NAMED = [(kind, name) for kind in RESOURCES for name in _refused_by(kind)]


def test_every_call_that_takes_a_name_is_known_here() -> None:
    public = {name for name, member in inspect.getmembers(Api, callable) if not name.startswith("_")}
    assert public == CALLS.keys() | WITHIN.keys() | NAMELESS
    for name in NAMELESS:
        taken = inspect.signature(getattr(Api, name)).parameters
        assert not {"name", "namespace", "body"} & taken.keys(), f"{name} takes a name now: add it to CALLS"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_no_call_sends_a_hostile_name(call: Call) -> None:
    wire = Wire()
    for kind, name in NAMED:
        with pytest.raises(Invalid):
            await call(wire.api, RESOURCES[kind], "default", name)
    assert wire.asked == []


@pytest.mark.parametrize("call", (CALLS | WITHIN).values(), ids=CALLS | WITHIN)
async def test_no_call_sends_a_hostile_namespace(call: Call) -> None:
    wire = Wire()
    for resource in RESOURCES.values():
        for namespace in [*NOT_RFC_1123, "a.b", "*"] if resource.namespaced else []:
            with pytest.raises(Invalid):
                await call(wire.api, resource, namespace, "x")
    assert wire.asked == []


PORT: dict[str, Callable[[Cluster, ObjectKey], Awaitable[Any]]] = {
    "credentials": lambda cluster, key: cluster.credentials(key),
    "reload": lambda cluster, key: cluster.reload(key),
    "apply": lambda cluster, key: cluster.apply(PatchStatus(key, "1", SigningRequestStatus(b"a certificate"))),
}


@pytest.mark.parametrize("door", PORT.values(), ids=PORT)
async def test_the_cluster_asks_for_no_hostile_name(door: Callable[[Cluster, ObjectKey], Awaitable[Any]]) -> None:
    wire = Wire()
    cluster = KubernetesCluster(wire.api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    for kind, name in NAMED if door is not PORT["credentials"] else [("Secret", name) for name in NOT_RFC_1123]:
        with pytest.raises(Invalid):
            await door(cluster, ObjectKey(kind, "default" if RESOURCES[kind].namespaced else "", name))
    assert wire.asked == []


@pytest.mark.parametrize(("namespace", "name"), [*(("system", name) for name in NOT_RFC_1123), ("..", "x")])
async def test_the_ca_store_makes_no_key_for_a_hostile_name(namespace: str, name: str) -> None:
    wire = Wire()
    store = KubernetesCAStore(wire.api, namespace, name)
    with pytest.raises(Invalid):
        await store.get_or_create(lambda: pytest.fail("a key was made"))
    assert wire.asked == []


async def _publish(wire: Wire, *events: Event) -> None:
    recorder = KubernetesRecorder(wire.api, NAMES, StoppedClock(), "pod")
    for event in events:
        recorder.record(event)
    publishing = asyncio.create_task(recorder.run())
    async with asyncio.timeout(10):
        await recorder.flush()
    assert not publishing.done(), "a hostile name ended the recorder"
    publishing.cancel()
    with suppress(asyncio.CancelledError):
        await publishing


def _event(namespace: str, name: str, kind: str = "CertificateRequest") -> Event:
    return Event(ObjectKey(kind, namespace, name), "uid", "Normal", "Issued", "Sign", "Signed")


async def test_an_event_in_a_hostile_namespace_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    hostile = [each for each in NOT_RFC_1123 if each not in ("", NO_TEXT)]  # the empty one is no mistake here
    wire = Wire()
    await _publish(wire, *(_event(namespace, "x") for namespace in hostile))
    assert wire.asked == []
    assert len(caplog.records) == len(hostile)


@pytest.mark.parametrize("name", TROUBLESOME, ids=lambda name: repr(name)[:20])
async def test_an_event_has_a_name_of_its_own_where_that_of_its_object_will_not_do(name: str) -> None:
    wire = answering()
    await _publish(wire, *[_event("", name, "CertificateSigningRequest")] * 2)
    created, continued = wire.asked
    told = json.loads(created.content)
    assert segments(created) == path_of(EVENTS, "default")
    assert is_name(told["metadata"]["name"])
    assert told["regarding"]["name"] == name
    assert segments(continued) == path_of(EVENTS, "default", told["metadata"]["name"])


async def test_an_event_is_called_after_its_object_where_that_will_do() -> None:
    wire = answering()
    await _publish(wire, _event("team-a", "web.example.com"))
    assert re.fullmatch(r"web\.example\.com\.[0-9a-f]+", json.loads(wire.only.content)["metadata"]["name"])


async def test_a_secret_of_another_namespace_is_never_asked_for() -> None:
    wire = Wire(lambda request: httpx2.Response(404, json={"message": str(request.url)}))
    cluster = KubernetesCluster(wire.api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    for name in ("../../kube-system/secrets/x", "..", "x/../../y", "%2e%2e"):
        with pytest.raises(Invalid):
            await cluster.credentials(ObjectKey(SECRETS.kind, "tenant", name))
    assert wire.asked == []
