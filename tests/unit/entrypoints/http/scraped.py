"""The manager, wired as ever but on the cluster in memory, and what Prometheus would scrape of it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from dependency_injector import providers

from adapters.clock import SystemClock
from adapters.kubernetes.token_review import Verdict
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from entrypoints.container import Container, in_memory
from entrypoints.flag_types import Address
from entrypoints.settings import Settings


class OpenDoor:
    """Reviews where everybody who shows a token may."""

    async def may_get(self, path: str, token: str) -> Verdict:
        return Verdict.ALLOWED


@dataclass
class Running:
    container: Container
    cluster: MemoryCluster
    url: str

    async def scrape(self, **headers: str) -> tuple[int, str, bytes]:
        """Status, content type and page."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{self.url}/metrics", ssl=False, headers=headers) as answer,
        ):
            return answer.status, answer.headers["Content-Type"], await answer.read()


@asynccontextmanager
async def running(*, secure: bool, leader_elect: bool = False) -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    address = Address("127.0.0.1", port)
    settings = Settings("system", metrics_bind_address=address, metrics_secure=secure, leader_elect=leader_elect)
    cluster = MemoryCluster()
    container = in_memory(settings, cluster, MemoryRecorder(SystemClock()))
    container.reviews.override(providers.Object(OpenDoor()))
    stop = asyncio.Event()
    manager = asyncio.create_task(container.manager().run(stop))
    made = Running(container, cluster, f"http{'s' if secure else ''}://127.0.0.1:{port}")
    try:
        await _listening(port)
        yield made
    finally:
        stop.set()
        await manager


async def _listening(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return
