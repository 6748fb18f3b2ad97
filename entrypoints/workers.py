"""The queue at work: so many keys at a time, each when it is due.

Law: the only place that waits for time to pass. Whatever one key's work raises is logged, and the others go on.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from datetime import timedelta

from adapters.silent import SILENT
from domain.model import ObjectKey
from domain.ports import Clock, Meter
from domain.workqueue import WorkQueue

Work = Callable[[ObjectKey], Awaitable[timedelta | None]]
Lane = Callable[[ObjectKey], ObjectKey | None]
Holds = Callable[[ObjectKey], bool]
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
        self._ended = asyncio.Event()
        self._may_begin: Holds = _any

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
        """Hands out keys until cancelled, then cancels what has begun. Of an issuer that is tripped, one at a time."""
        self._is_tripped = is_tripped
        try:
            while True:
                await self._slots.acquire()
                task = asyncio.create_task(self._one(work, await self._next()))
                self._running.add(task)
                task.add_done_callback(self._over)
        finally:
            self.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def cancel(self) -> None:
        """Ends the work that has begun, wherever it is; its keys are not worked on again before they are woken."""
        for task in self._running:
            task.cancel()

    async def finish(self, deadline: timedelta, in_hand: Callable[[], Collection[ObjectKey]], holds: Holds) -> bool:
        """Waits for the work that has begun and for all that is `in_hand`; what nobody `holds` begins no more.

        What is in hand is tried at once and then when it asks for it. Says whether all came to its end in time.
        """
        self._may_begin = holds
        for key in in_hand():
            self.wake(key, timedelta(0))
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline.total_seconds()):
                while self._running or in_hand():
                    self._ended.clear()
                    await self._ended.wait()
        return not (self._running or in_hand())

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._ended.set()

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
            after = await work(key) if self._may_begin(key) else None
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


def _any(key: ObjectKey) -> bool:
    """Before `finish` all may begin."""
    return True


def _never(issuer: ObjectKey) -> bool:
    """Before `run` nobody has been asked to sign."""
    return False
