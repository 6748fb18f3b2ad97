"""The queue at work: so many keys at a time, each when it is due.

Law: the only place that waits for time to pass. Whatever one key's work raises is logged, and the others go on.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.silent import SILENT
from domain.model import ObjectKey
from domain.ports import Clock, Meter
from domain.workqueue import WorkQueue

Work = Callable[[ObjectKey], Awaitable[timedelta | None]]
Lane = Callable[[ObjectKey], ObjectKey | None]
_AFTER_A_BUG = timedelta(seconds=30)
_log = logging.getLogger("issuer.workers")


class Workers:
    """Works on `at_once` keys, of them on `per_issuer` of those that `lane` counts to one issuer."""

    def __init__(self, clock: Clock, lane: Lane, at_once: int, per_issuer: int, meter: Meter = SILENT) -> None:
        self._clock = clock
        self._meter = meter
        self._slots = asyncio.Semaphore(at_once)
        self._per_issuer = per_issuer
        self._is_tripped: Callable[[ObjectKey], bool] = _never
        self._queue = WorkQueue(lane, self._width)
        self._changed = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def wake(self, key: ObjectKey, after: timedelta) -> None:
        """Has the key worked on after so long; at once, in place of any later time, for zero."""
        if after > timedelta(0):
            self._queue.schedule(key, self._clock.now() + after)
        else:
            self._queue.add(key, self._clock.now())
        self._changed.set()

    def depth(self) -> int:
        """How many keys are due and not worked on yet."""
        return len(self._queue)

    async def run(self, work: Work, is_tripped: Callable[[ObjectKey], bool]) -> None:
        """Hands out keys until cancelled; what has begun then goes on, see `finish`.

        Of an issuer that is tripped, one at a time.
        """
        self._is_tripped = is_tripped
        while True:
            await self._slots.acquire()
            task = asyncio.create_task(self._one(work, await self._next()))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def cancel(self) -> None:
        """Ends the work that has begun, wherever it is; its keys are not worked on again before they are woken."""
        for task in self._running:
            task.cancel()

    async def finish(self, deadline: timedelta) -> bool:
        """Waits for the work that has begun, then cancels it; says whether all of it was finished."""
        if not self._running:
            return True
        _, late = await asyncio.wait(self._running, timeout=deadline.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    def _width(self, issuer: ObjectKey) -> int:
        return 1 if self._is_tripped(issuer) else self._per_issuer

    async def _next(self) -> ObjectKey:
        while True:
            now = self._clock.now()
            key = self._queue.pop_due(now)
            if key is not None:
                self._meter.queued(now - self._queue.due_since(key))
                return key
            self._changed.clear()
            due = self._queue.next_due()
            try:
                async with asyncio.timeout(None if due is None else (due - now).total_seconds()):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _one(self, work: Work, key: ObjectKey) -> None:
        after: timedelta | None = None
        try:
            after = await work(key)
        except Exception as bug:
            after = _AFTER_A_BUG
            frames = "".join(traceback.format_tb(bug.__traceback__))  # not its message, which may hold anything
            _log.error(
                "%s: left alone for a while after a %s, at\n%s",
                key,
                type(bug).__name__,
                frames,
                extra={"object": str(key)},
            )
        finally:
            if after is not None:
                self.wake(key, after)
            self._queue.done(key)
            self._changed.set()
            self._slots.release()


def _never(issuer: ObjectKey) -> bool:
    """Before `run` nobody has been asked to sign."""
    return False
