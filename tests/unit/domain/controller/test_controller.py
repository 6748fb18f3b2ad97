"""The queue at work.

So many keys at a time, none twice at once; whatever one key's work raises is logged without its message, and
the others go on; what has begun is finished, or said not to be. No test here waits for a clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.metrics import MemoryMetrics
from domain.controller.controller import Controller, Work
from domain.effects import Result
from domain.model import ObjectKey
from domain.ports import Metrics
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.support.factories import HOUR, SECOND, T0

A, B, C = (ObjectKey("CertificateRequest", "n", name) for name in "abc")
ISSUER = ObjectKey(NAMES.issuer, "n", "ca")
AT_ONCE = timedelta(0)
PATIENCE = 10.0  # seconds, of which none is used unless something hangs


def workers_of(
    max_concurrent: int, clock: StoppedClock, per_issuer: int = 8, metrics: Metrics | None = None
) -> Controller:
    """Requests of the namespace n belong to one issuer, all others to none."""
    return Controller(
        clock,
        lambda key: ISSUER if key.namespace == "n" else None,
        max_concurrent,
        per_issuer,
        metrics or MemoryMetrics(),
    )


class Bench:
    """Work that begins when it is handed out and ends when the test says so."""

    def __init__(self) -> None:
        self.begun: list[ObjectKey] = []
        self.running: set[ObjectKey] = set()
        self._changed = asyncio.Condition()
        self._endings: dict[ObjectKey, asyncio.Future[Result]] = {}

    async def work(self, key: ObjectKey) -> Result:
        assert key not in self.running, f"{key} is worked on twice at once"
        self.running.add(key)
        ending: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._endings[key] = ending
        async with self._changed:
            self.begun.append(key)
            self._changed.notify_all()
        try:
            return await ending
        finally:
            self.running.discard(key)

    def end(self, key: ObjectKey, after: timedelta | None = None, *, failed: bool = False) -> None:
        self._endings.pop(key).set_result(Result(after, failed))

    def fail(self, key: ObjectKey, bug: Exception) -> None:
        self._endings.pop(key).set_exception(bug)

    async def has_begun(self, *keys: ObjectKey) -> None:
        """Waits until exactly these have begun so far, in this order."""
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.begun) >= len(keys))
        assert self.begun == list(keys)


async def all_had_their_turn() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def running(
    controller: Controller, work: Work, circuit_open: Collection[ObjectKey] = frozenset()
) -> AsyncIterator[None]:
    task = asyncio.create_task(controller.run(work, circuit_open.__contains__, lambda: True))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def nothing() -> Collection[ObjectKey]:
    return ()


def not_one(key: ObjectKey) -> bool:
    return False


async def test_what_was_woken_before_and_after_the_start_is_worked_on() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    controller.enqueue(A, AT_ONCE)
    async with running(controller, bench.work):
        await bench.has_begun(A)
        controller.enqueue(B, AT_ONCE)
        await bench.has_begun(A, B)


async def test_no_more_than_its_share_of_a_namespace_at_a_time() -> None:
    controller, bench = workers_of(4, StoppedClock(T0)), Bench()
    for key in (A, B, C):
        controller.enqueue(key, AT_ONCE)
    async with running(controller, bench.work):
        await bench.has_begun(A, B)
        await all_had_their_turn()
        assert bench.running == {A, B}
        bench.end(B)
        await bench.has_begun(A, B, C)
        assert bench.running == {A, C}


async def test_one_issuers_requests_leave_room_for_everybody_elses() -> None:
    controller, bench = workers_of(4, StoppedClock(T0), per_issuer=2), Bench()
    elsewhere = replace(A, namespace="elsewhere")
    async with running(controller, bench.work):
        for key in (A, B, C, elsewhere):
            controller.enqueue(key, AT_ONCE)
        await bench.has_begun(A, elsewhere, B)
        await all_had_their_turn()
        assert bench.running == {A, B, elsewhere}
        bench.end(A)
        await bench.has_begun(A, elsewhere, B, C)


async def test_checks_and_requests_have_slots_of_their_own() -> None:
    controller, bench = workers_of(1, StoppedClock(T0)), Bench()
    other = replace(ISSUER, namespace="other")
    async with running(controller, bench.work):
        for key in (A, B, ISSUER, other):
            controller.enqueue(key, AT_ONCE)
        await bench.has_begun(ISSUER, A)
        await all_had_their_turn()
        bench.end(A)
        await bench.has_begun(ISSUER, A, B)
        bench.end(ISSUER)
        await bench.has_begun(ISSUER, A, B, other)


async def test_the_log_names_who_waits_for_a_share_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock, bench = StoppedClock(T0), Bench()
    controller = workers_of(2, clock)
    async with running(controller, bench.work):
        for key in (A, B, C):
            controller.enqueue(key, AT_ONCE)
        await bench.has_begun(A)
        for passed in (1, 60, 61, 120):
            clock.time = T0 + passed * SECOND
            controller.enqueue(A, AT_ONCE)  # makes it look at the clock
            await all_had_their_turn()
    told = "requests of namespace n hold 1 of 2 slots, and 2 more wait, while those of others go on"
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [told, told]


async def test_of_a_tripped_issuer_one_goes_first_and_the_rest_when_it_is_no_longer_so() -> None:
    controller, bench, circuit_open = workers_of(8, StoppedClock(T0)), Bench(), {ISSUER}
    async with running(controller, bench.work, circuit_open):
        for key in (A, B, C):
            controller.enqueue(key, AT_ONCE)
        await bench.has_begun(A)
        await all_had_their_turn()
        assert bench.running == {A}
        circuit_open.clear()
        bench.end(A)
        await bench.has_begun(A, B, C)
        assert bench.running == {B, C}


async def test_a_key_woken_during_its_work_is_worked_on_once_more_after_it() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        controller.enqueue(A, AT_ONCE)
        controller.enqueue(A, AT_ONCE)
        await all_had_their_turn()
        assert bench.begun == [A]
        bench.end(A)
        await bench.has_begun(A, A)
        bench.end(A)
        await all_had_their_turn()
        assert bench.begun == [A, A]


async def test_work_that_asks_for_no_delay_is_repeated_at_once() -> None:
    controller, bench = workers_of(1, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        bench.end(A, AT_ONCE)
        await bench.has_begun(A, A)


async def test_work_that_asks_to_come_back_later_is_not_repeated_before() -> None:
    clock, bench = StoppedClock(T0), Bench()
    controller = workers_of(8, clock)
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        bench.end(A, HOUR)
        await all_had_their_turn()
        clock.time = T0 + HOUR - SECOND
        controller.enqueue(B, AT_ONCE)  # makes it look at the clock
        await bench.has_begun(A, B)
        clock.time = T0 + HOUR
        controller.enqueue(C, AT_ONCE)
        await all_had_their_turn()
        assert sorted(bench.begun) == [A, A, B, C]


async def test_a_timer_wakes_it_up_without_anybodys_help() -> None:
    clock, bench = StoppedClock(T0), Bench()
    controller = workers_of(8, clock)
    async with running(controller, bench.work):
        controller.enqueue(A, timedelta(microseconds=1))
        await all_had_their_turn()
        clock.time = T0 + SECOND
        await bench.has_begun(A)


@pytest.mark.parametrize("set_back", [2 * HOUR, -2 * HOUR], ids=["back", "ahead"])
async def test_timers_fire_when_they_should_though_the_wall_clock_is_set(set_back: timedelta) -> None:
    clock, bench = StoppedClock(T0), Bench()
    controller = workers_of(8, clock)
    async with running(controller, bench.work):
        controller.enqueue(A, HOUR)
        clock.set_back = set_back
        clock.time = T0 + HOUR - SECOND
        controller.enqueue(B, AT_ONCE)  # makes it look at the clock
        await bench.has_begun(B)
        bench.end(B, SECOND)  # at the same time as A
        await all_had_their_turn()
        clock.time = T0 + HOUR
        controller.enqueue(C, AT_ONCE)
        await all_had_their_turn()
        assert sorted(bench.begun) == [A, B, B, C]


async def test_a_process_that_does_not_lead_begins_nothing_and_drops_nothing() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    controller.enqueue(A, AT_ONCE)
    task = asyncio.create_task(controller.run(bench.work, lambda issuer: False, lambda: False))
    await all_had_their_turn()
    assert (bench.begun, controller.depth()) == ([], 1)
    task.cancel()


async def test_work_that_is_cancelled_is_begun_anew() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        controller.cancel()
        await bench.has_begun(A, A)


async def test_a_wake_at_once_replaces_a_later_time() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, HOUR)
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)


async def test_a_bug_is_logged_without_its_message_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    clock, bench = StoppedClock(T0), Bench()
    controller = workers_of(2, clock)
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        controller.enqueue(B, AT_ONCE)
        bench.fail(A, KeyError("c4n4ry"))
        await bench.has_begun(A, B)
        (record,) = caplog.records
        assert "CertificateRequest n/a" in record.getMessage()
        assert "KeyError" in record.getMessage()
        assert "test_controller.py" in record.getMessage()
        assert "c4n4ry" not in record.getMessage() + str(record.__dict__)
        await all_had_their_turn()
        clock.time = T0 + HOUR
        bench.end(B)
        await bench.has_begun(A, B, A)  # left alone for a while, not for ever


async def test_finishing_begins_nothing_more_and_lets_what_has_begun_end() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        finished = asyncio.create_task(controller.finish(timedelta(seconds=PATIENCE), nothing, not_one))
        await all_had_their_turn()
        controller.enqueue(B, AT_ONCE)
        await all_had_their_turn()
        assert not finished.done()
        bench.end(A)
        assert await finished
        assert bench.begun == [A]


async def test_finishing_tries_what_is_in_hand_at_once_and_then_when_it_asks_for_it() -> None:
    clock, bench, unwritten_results = StoppedClock(T0), Bench(), {A}
    controller = workers_of(8, clock)
    async with running(controller, bench.work):
        controller.enqueue(A, HOUR)
        finished = asyncio.create_task(
            controller.finish(timedelta(seconds=PATIENCE), lambda: unwritten_results, unwritten_results.__contains__)
        )
        await bench.has_begun(A)
        bench.end(A, timedelta(microseconds=1))
        await all_had_their_turn()
        clock.time = T0 + SECOND
        await bench.has_begun(A, A)
        assert not finished.done()
        unwritten_results.clear()
        bench.end(A)
        assert await finished


async def test_what_is_still_in_hand_at_the_deadline_is_said() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        assert not await controller.finish(AT_ONCE, lambda: {A}, {A}.__contains__)


async def test_what_does_not_end_in_time_is_said_and_cancelled_with_the_run() -> None:
    controller, bench = workers_of(8, StoppedClock(T0)), Bench()
    async with running(controller, bench.work):
        controller.enqueue(A, AT_ONCE)
        await bench.has_begun(A)
        assert not await controller.finish(AT_ONCE, nothing, not_one)
        assert bench.running == {A}
    assert bench.running == set()


async def test_with_nothing_begun_there_is_nothing_to_finish() -> None:
    assert await workers_of(1, StoppedClock(T0)).finish(AT_ONCE, nothing, not_one)


async def test_the_meter_is_told_how_long_a_key_waited_for_a_worker() -> None:
    clock, bench, metrics = StoppedClock(T0), Bench(), MemoryMetrics()
    controller = workers_of(1, clock, metrics=metrics)
    for key in (A, B):
        controller.enqueue(key, AT_ONCE)
    assert controller.depth() == 2
    async with running(controller, bench.work):
        await bench.has_begun(A)
        assert (controller.depth(), metrics.waited) == (1, timedelta(0))
        clock.time = T0 + HOUR
        bench.end(A)
        await bench.has_begun(A, B)
        assert (controller.depth(), metrics.visits, metrics.waited) == (0, {"requests": 2}, HOUR)
