"""Events yield to status writes, and are not starved by them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx2
import pytest

from adapters.kubernetes import recorder as events
from adapters.kubernetes.recorder import KubernetesRecorder
from adapters.kubernetes.right_of_way import StatusWritePriority
from domain.effects import Event
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.unit.adapters.kubernetes.wire import REQUESTS, Wire, body_of

EVENT = Event(ObjectKey(NAMES.issuer, "n", "x"), "uid", "Normal", "Issued", "Sign", "Signed")


async def test_who_yields_goes_when_the_last_of_them_is_done() -> None:
    way = StatusWritePriority()
    with way.taken():
        with way.taken():
            waiting = asyncio.create_task(way.yielded(60))
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


async def test_who_yields_to_nobody_does_not_wait() -> None:
    await asyncio.wait_for(StatusWritePriority().yielded(60), 5)


async def test_who_yields_goes_at_last() -> None:
    way = StatusWritePriority()
    with way.taken():
        await asyncio.wait_for(way.yielded(0.01), 5)


class Server:
    """Keeps status writes waiting until it is told to `go_on`."""

    def __init__(self) -> None:
        self.wire = Wire(self._answer)
        self.go_on = asyncio.Event()
        self.asked = asyncio.Event()

    @property
    def methods(self) -> list[str]:
        return [request.method for request in self.wire.asked]

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "PATCH":
            self.asked.set()
            await self.go_on.wait()
        return httpx2.Response(200, json={})


@asynccontextmanager
async def writing() -> AsyncIterator[tuple[Server, KubernetesRecorder, StoppedClock]]:
    """A status write that is under way, and a recorder at work."""
    server, clock = Server(), StoppedClock()
    recorder = KubernetesRecorder(server.wire.api, NAMES, clock, instance="pod")
    tasks = [
        asyncio.create_task(server.wire.api.apply_status(REQUESTS, "n", "x", "1", {})),
        asyncio.create_task(recorder.run()),
    ]
    await server.asked.wait()
    try:
        yield server, recorder, clock
    finally:
        tasks[1].cancel()  # before the way is free: it would write all that is left
        server.go_on.set()
        await tasks[0]


async def turns() -> None:
    """Lets everybody do what they can do without time passing."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_event_waits_for_a_status_write_and_says_when_it_happened() -> None:
    async with writing() as (server, recorder, clock):
        happened = clock.time
        recorder.record(EVENT)
        clock.time += timedelta(minutes=1)
        await turns()
        assert server.methods == ["PATCH"]
        server.go_on.set()
        await recorder.flush()
        assert server.methods == ["PATCH", "POST"]
        assert body_of(server.wire.asked[1])["eventTime"] == f"{happened:%Y-%m-%dT%H:%M:%S.%f}Z"


async def test_an_event_is_written_though_status_writes_never_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_LONGEST_WAIT", timedelta(milliseconds=1))
    async with writing() as (server, recorder, _):
        recorder.record(EVENT)
        await asyncio.wait_for(recorder.flush(), 5)
        assert server.methods == ["PATCH", "POST"]


async def test_ten_thousand_requests_that_come_at_once_lose_no_event(caplog: pytest.LogCaptureFixture) -> None:
    async with writing() as (_, recorder, _):
        for _ in range(2 * 10_000):
            recorder.record(EVENT)
        assert "dropped" not in caplog.text
        recorder.record(EVENT)
        recorder.record(EVENT)  # one more may be in the hands of `run`
        assert "dropped" in caplog.text
