"""A Reflector at work on a fake API server, and what it tells.

Nothing sleeps: pauses are noted and pass at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.kubernetes import reflector as watch
from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.reflector import Reflector
from adapters.kubernetes.schema import Resource
from adapters.memory.metrics import MemoryMetrics
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer
from tests.unit.adapters.kubernetes.wire import REQUESTS, access


class Seen:
    """`told` is what the Reflector told, in order: names and versions of what is put, names of what is removed."""

    def __init__(self, known: Iterable[tuple[str, str]]) -> None:
        self.told: list[str] = []
        self.objects: list[Any] = []
        self.known = set(known)
        self.metrics = MemoryMetrics()
        self.follower: Reflector
        self.task: asyncio.Task[None]

    def put(self, told: Any) -> None:
        self.objects.append(told)
        self.known.add((told.metadata.namespace or "", told.metadata.name))
        self.told.append(f"{told.metadata.name}@{told.metadata.resourceVersion}")

    def remove(self, namespace: str, name: str) -> None:
        self.known.discard((namespace, name))
        self.told.append(f"-{name}")


@asynccontextmanager
async def following(
    server: FakeApiServer,
    *known: tuple[str, str],
    resource: Resource = REQUESTS,
    metadata_only: bool = False,
) -> AsyncIterator[Seen]:
    """Follows until the context is left."""
    api, seen = Api(client_of(access(server.url), MemoryMetrics()), "tester"), Seen(known)
    seen.follower = Reflector(
        api, resource, seen.put, seen.remove, lambda: seen.known, metadata_only=metadata_only, metrics=seen.metrics
    )
    seen.task = asyncio.create_task(seen.follower.run())
    try:
        yield seen
    finally:
        seen.task.cancel()
        with suppress(asyncio.CancelledError):
            await seen.task
        await api.close()


async def until(what: Callable[[], object]) -> None:
    """Returns when this is true; never waits long."""
    async with asyncio.timeout(10):
        while not what():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.002)


def passing_at_once(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Lets the pauses of the Reflector pass at once, and notes them."""
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def noted(seconds: float) -> None:
        if seconds > 0:
            pauses.append(seconds)
        await sleep(0)

    monkeypatch.setattr(watch, "asyncio", SimpleNamespace(sleep=noted, Event=asyncio.Event))
    return pauses


def an_object(name: str = "a", version: str = "11", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team-a", "uid": f"uid-{name}", "resourceVersion": version}
    return {"metadata": metadata | more.pop("metadata", {}), **more}


UNREADABLE: dict[str, Any] = {"spec": {"request": "this is a secret, and no base64"}}
