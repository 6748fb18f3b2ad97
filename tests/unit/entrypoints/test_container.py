"""The container closes what it has opened."""

from __future__ import annotations

from typing import Any

import pytest
from dependency_injector import providers

from adapters.clock import SystemClock
from adapters.idle_cache import IdleCache
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from entrypoints.container import Container, in_memory, opened
from entrypoints.manager import Manager
from entrypoints.settings import Settings

SETTINGS = Settings("system", leader_election_namespace="system")


class Connections:
    """Of clients, as the container closes them."""

    def __init__(self) -> None:
        self.closed = 0
        self.kept: IdleCache[Any, Any] = IdleCache(0)

    async def close(self) -> None:
        self.closed += 1


async def test_connections_are_closed_when_the_context_ends_with_an_error() -> None:
    container = Container(settings=SETTINGS)
    clients = {name: Connections() for name in ("clients", "api", "lease_api")}
    for name, client in clients.items():
        getattr(container, name).override(providers.Object(client))
    with pytest.raises(RuntimeError):
        async with opened(container):
            raise RuntimeError
    assert {name: client.closed for name, client in clients.items()} == dict.fromkeys(clients, 1)


async def test_in_memory_no_kubeconfig_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/not/there")
    async with opened(in_memory(SETTINGS, MemoryCluster(), MemoryRecorder(SystemClock()))) as manager:
        assert isinstance(manager, Manager)
