"""Work that is cancelled between any two of its steps, before the first and after the last one too.

Each key that was woken is worked on to its end afterwards, no key is worked on twice at once, and every slot is free
again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory.metrics import MemoryMetrics
from domain.controller.controller import Controller
from domain.effects import Result
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.support.factories import T0

AT_ONCE = timedelta(0)
SLOTS, PER_ISSUER = 3, 2
ISSUER = ObjectKey(NAMES.issuer, "n", "ca")
KEYS = [ObjectKey("CertificateRequest", "n", name) for name in "abcd"] + [ISSUER]
STEPS = 3
TURNS = 200  # of the event loop; many more than all keys need one after the other

wakes = st.tuples(st.just("enqueue"), st.sampled_from(KEYS))
cancels = st.tuples(st.just("cancel"), st.integers(0, SLOTS - 1))  # which of those that run
turns = st.tuples(st.just("turn"), st.integers(1, STEPS))
restarts = st.tuples(st.just("restart"), st.none())
moves = st.lists(st.one_of(wakes, wakes, turns, cancels, restarts), max_size=30)


class Bench:
    """Work of some steps; `unfinished` are the keys woken that were not worked on from begin to end since."""

    def __init__(self) -> None:
        self.controller = Controller(StoppedClock(T0), lambda key: ISSUER, SLOTS, PER_ISSUER, MemoryMetrics())
        self.unfinished: set[ObjectKey] = set()
        self.running: Counter[ObjectKey] = Counter()
        self.held: asyncio.Event | None = None
        self.start()

    def start(self) -> None:
        self.task = asyncio.create_task(self.controller.run(self.work, lambda issuer: False, lambda: True))

    def enqueue(self, key: ObjectKey) -> None:
        self.unfinished.add(key)
        self.controller.enqueue(key, AT_ONCE)

    async def work(self, key: ObjectKey) -> Result:
        self.running[key] += 1
        assert self.running[key] == 1, f"{key} is worked on twice at once"
        assert self.running.total() <= SLOTS
        self.unfinished.discard(key)  # a wake from now on is for the next time
        try:
            for _ in range(STEPS):
                await asyncio.sleep(0)
            if self.held is not None:
                await self.held.wait()
        except asyncio.CancelledError:
            self.unfinished.add(key)
            raise
        finally:
            self.running[key] -= 1
        return Result()

    def cancel(self, number: int) -> None:
        running = sorted(self.controller._running, key=lambda task: task.get_name())
        if number < len(running):
            running[number].cancel()

    async def restart(self) -> None:
        await self.stop()
        self.start()

    async def stop(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def move(self, move: str, value: object) -> None:
        match move, value:
            case "enqueue", ObjectKey() as key:
                self.enqueue(key)
            case "cancel", int(number):
                self.cancel(number)
            case "turn", int(number):
                await turn(number)
            case "restart", None:
                await self.restart()

    def is_at_rest(self) -> bool:
        return not (self.unfinished or self.controller._running or self.controller.depth())


async def turn(number: int) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def played(script: list[tuple[str, object]]) -> None:
    bench = Bench()
    for move, value in script:
        await bench.move(move, value)
    for _ in range(TURNS):
        if bench.is_at_rest():
            break
        await turn(1)
    assert bench.is_at_rest(), f"lost: {sorted(bench.unfinished)}, running: {bench.controller._running}"
    await all_slots_are_free(bench)
    await bench.stop()


async def all_slots_are_free(bench: Bench) -> None:
    """As many keys as there are slots can be worked on at once, as many of the issuer as it may have."""
    bench.held = asyncio.Event()
    for key in KEYS:
        bench.enqueue(key)
    await turn(TURNS)
    assert sorted(bench.running.elements()) == sorted([ISSUER, *KEYS[:PER_ISSUER]])
    bench.held.set()


@settings(max_examples=2 * settings().max_examples)
@given(moves)
def test_no_key_and_no_slot_is_lost_wherever_work_is_cancelled(script: list[tuple[str, object]]) -> None:
    asyncio.run(played(script))


def test_a_task_that_is_cancelled_before_it_began_loses_neither_key_nor_slot() -> None:
    for number in range(SLOTS * 3):
        asyncio.run(played([("enqueue", KEYS[0]), ("turn", number), ("cancel", 0), ("turn", number), ("cancel", 0)]))
