"""Works on the keys of the queue: so many at a time, each when it is due.

It is the only place that waits for time to pass. What the work on one key raises is logged, and the others go on. A key
whose work was cancelled, at any point, is due again, for nobody knows what was done of it.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

from adapters.silent import SILENT
from domain.model import ObjectKey
from domain.ports import Clock, Meter
from domain.workqueue import WorkQueue

Work = Callable[[ObjectKey], Coroutine[Any, Any, timedelta | None]]
Lane = Callable[[ObjectKey], ObjectKey | None]
Holds = Callable[[ObjectKey], bool]
_AT_ONCE = timedelta(0)
_AFTER_A_BUG = timedelta(seconds=30)
_log = logging.getLogger("issuer.workers")


class Workers:
    """Works on `at_once` keys, of them on `per_issuer` of those that `lane` counts to one issuer."""

    def __init__(self, clock: Clock, lane: Lane, at_once: int, per_issuer: int, meter: Meter = SILENT) -> None:
        self._clock = clock
        self._meter = meter
        self._at_once = at_once
        self._per_issuer = per_issuer
        self._is_tripped: Callable[[ObjectKey], bool] = _never
        self._queue = WorkQueue(lane, self._width)
        self._changed = asyncio.Event()
        self._running: set[asyncio.Task[timedelta | None]] = set()
        self._ended = asyncio.Event()
        self._may_begin: Holds = _any

    def wake(self, key: ObjectKey, after: timedelta) -> None:
        """Has the key worked on after so long, or before if it was asked for before; at once for zero."""
        now = self._clock.uptime()
        if after > timedelta(0):
            self._queue.schedule(key, now + after)
        else:
            self._queue.add(key, now)
        self._changed.set()

    def depth(self) -> int:
        """How many keys are due and not worked on yet."""
        return len(self._queue)

    async def run(self, work: Work, is_tripped: Callable[[ObjectKey], bool], leads: Callable[[], bool]) -> None:
        """Hands out keys until cancelled, then cancels what has begun. Of an issuer that is tripped, one at a time.

        Once this process does not lead, no more work is begun: a lead that has ended never comes back.
        """
        self._is_tripped = is_tripped
        try:
            while True:
                self._changed.clear()
                await self._change(within=self._begin_due(work, leads))
        finally:
            self.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def cancel(self) -> None:
        """Ends the work that has begun, wherever it is. Its keys are due again, as far as work is begun at all."""
        for task in self._running:
            task.cancel()

    async def finish(self, deadline: timedelta, in_hand: Callable[[], Collection[ObjectKey]], holds: Holds) -> bool:
        """Waits for the work that has begun and for all that is `in_hand`; what nobody `holds` begins no more.

        What is in hand is tried at once and then when it asks for it. Says whether all came to its end in time.
        """
        self._may_begin = holds
        for key in in_hand():
            self.wake(key, _AT_ONCE)
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline.total_seconds()):
                while self._running or in_hand():
                    self._ended.clear()
                    await self._ended.wait()
        return not (self._running or in_hand())

    def _width(self, issuer: ObjectKey) -> int:
        return 1 if self._is_tripped(issuer) else self._per_issuer

    def _begin_due(self, work: Work, leads: Callable[[], bool]) -> timedelta | None:
        """Begins as much as may be begun; returns the time until the next timer, None if a change comes first."""
        while len(self._running) < self._at_once and leads():
            now = self._clock.uptime()
            key = self._queue.pop_due(now)
            if key is None:
                due = self._queue.next_due()
                return None if due is None else due - now
            self._meter.queued(now - self._queue.due_since(key))
            self._begin(work, key)
        return None

    async def _change(self, within: timedelta | None) -> None:
        """Returns when a key was woken, when work has ended, or after so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if within is None else within.total_seconds()):
                await self._changed.wait()

    def _begin(self, work: Work, key: ObjectKey) -> None:
        if not self._may_begin(key):
            self._queue.done(key)
            return
        task = asyncio.create_task(work(key))
        self._running.add(task)
        task.add_done_callback(partial(self._over, key))  # it is called even if the task is cancelled before it begins

    def _over(self, key: ObjectKey, task: asyncio.Task[timedelta | None]) -> None:
        self._running.discard(task)
        after = _again(key, task)
        if after is not None:
            self.wake(key, after)
        self._queue.done(key)
        self._changed.set()
        self._ended.set()


def _again(key: ObjectKey, task: asyncio.Task[timedelta | None]) -> timedelta | None:
    """When the key is to be worked on again after this work on it, which is over."""
    if task.cancelled():
        return _AT_ONCE
    bug = task.exception()
    if bug is None:
        return task.result()
    frames = "".join(traceback.format_tb(bug.__traceback__))  # not its message, which may hold anything
    _log.error(
        "%s: left alone for a while after a %s, at\n%s", key, type(bug).__name__, frames, extra={"object": str(key)}
    )
    return _AFTER_A_BUG


def _any(key: ObjectKey) -> bool:
    """Before `finish` all may begin."""
    return True


def _never(issuer: ObjectKey) -> bool:
    """Before `run` nobody has been asked to sign."""
    return False
