"""What the tests of elections share: a clock that can be set ahead, and a Lease that can be out of reach.

The loop's timers are under test, so they run; but nobody waits for them, see the fixture `skipped_waits`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.clock import SystemClock
from adapters.memory.lease import MemoryLease
from domain.controller.leader_election import LeaseTimes
from domain.errors import Transient
from domain.ports import LeaseRecord

TIMES = LeaseTimes(
    duration=timedelta(seconds=2), renew_deadline=timedelta(milliseconds=400), retry_period=timedelta(milliseconds=50)
)
PATIENCE = 20.0  # seconds, much more than anything here takes


class PausedClock(SystemClock):
    """The loop's clock, its uptime ahead by `ahead`: as after a pause of so long, in which no timer has run.

    Its wall clock alone is moved by `set_back`.
    """

    def __init__(self) -> None:
        self.ahead = timedelta(0)
        self.set_back = timedelta(0)

    def now(self) -> datetime:
        return super().now() - self.set_back

    def uptime(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time()) + self.ahead


class FarLease(MemoryLease):
    """Fails while `away`, does not answer while it `hangs`; `writes` is what was written.

    `give` is what others do to it, `when_read` is called before each answer to a read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.hangs = False
        self.when_read: Callable[[], object] = lambda: None
        self.writes: list[LeaseRecord] = []

    async def read(self) -> LeaseRecord | None:
        await self._reach()
        self.when_read()
        return await super().read()

    async def write(self, record: LeaseRecord) -> LeaseRecord:
        await self._reach()
        written = await super().write(record)
        self.writes.append(written)
        return written

    def give(self, holder: str, duration: timedelta = timedelta(hours=1)) -> None:
        """Has it held by somebody, or by nobody, whoever held it before."""
        before = self.record or LeaseRecord("", timedelta(0))
        self.record = replace(before, holder=holder, duration=duration, version=f"{before.version}'")

    @property
    def holder(self) -> str | None:
        return self.record.holder if self.record else None

    async def _reach(self) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.away:
            raise Transient("the API server cannot be reached")


async def eventually(holds: Callable[[], object], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not within {PATIENCE} s: {what}") from None
