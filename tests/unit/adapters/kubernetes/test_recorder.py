"""Events are written in the background: what they say of when they happened, and how many may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest

from adapters.kubernetes.recorder import KubernetesRecorder
from domain.effects import Event
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.unit.adapters.kubernetes.wire import Wire, body_of

EVENT = Event(ObjectKey(NAMES.issuer, "n", "x"), "uid", "Normal", "Issued", "Sign", "Signed")


class Server:
    """Keeps all calls waiting until it is told to `go_on`; `asked` is set by the first."""

    def __init__(self) -> None:
        self.wire = Wire(self._answer)
        self.go_on = asyncio.Event()
        self.asked = asyncio.Event()

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.set()
        await self.go_on.wait()
        return httpx2.Response(200, json={})


@asynccontextmanager
async def recording() -> AsyncIterator[tuple[Server, KubernetesRecorder, StoppedClock]]:
    """A recorder whose first Event is being written."""
    server, clock = Server(), StoppedClock()
    recorder = KubernetesRecorder(server.wire.api, NAMES, clock, instance="pod")
    running = asyncio.create_task(recorder.run())
    recorder.record(EVENT)
    await server.asked.wait()
    try:
        yield server, recorder, clock
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_an_event_that_waited_says_when_it_happened() -> None:
    async with recording() as (server, recorder, clock):
        clock.time += timedelta(minutes=1)
        happened = clock.time
        recorder.record(Event(EVENT.regarding, "uid", "Warning", "Pending", "Sign", "Waiting"))
        clock.time += timedelta(minutes=1)
        server.go_on.set()
        await asyncio.wait_for(recorder.flush(), 5)
        assert body_of(server.wire.asked[1])["eventTime"] == f"{happened:%Y-%m-%dT%H:%M:%S.%f}Z"


async def test_ten_thousand_requests_that_come_at_once_lose_no_event(caplog: pytest.LogCaptureFixture) -> None:
    async with recording() as (_, recorder, _):
        for _ in range(2 * 10_000):
            recorder.record(EVENT)
        assert "dropped" not in caplog.text
        recorder.record(EVENT)
        assert "dropped" in caplog.text
