"""Starts the work on keys when they are due: so many requests at a time, and as many issuers beside them.

- It is the only part of the controller that waits for time to pass.
- Checks of issuers have slots of their own, so that CAs which do not answer keep no request of another CA waiting.
- What the work on one key raises is logged, and the others go on.
- A key whose work was cancelled, at any point, is due again, since it is not known how far it came.
- Once a minute at most the log names the namespaces that wait for their share of the slots.
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

from domain import outcomes
from domain.controller.workqueue import WorkQueue
from domain.effects import Result
from domain.model import CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, POD_CERTIFICATE_REQUEST, ObjectKey
from domain.ports import Clock, Metrics

Work = Callable[[ObjectKey], Coroutine[Any, Any, Result]]
IssuerOf = Callable[[ObjectKey], ObjectKey | None]
HasUnwrittenResult = Callable[[ObjectKey], bool]
REQUESTS, CHECKS = "requests", "checks"
_AT_ONCE = timedelta(0)
_AFTER_A_BUG = timedelta(seconds=30)
_REQUEST_KINDS = (CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, POD_CERTIFICATE_REQUEST)
_NAMED = 5  # namespaces, those with most keys waiting
_BETWEEN_LOOKS = timedelta(minutes=1)
_log = logging.getLogger("issuer.controller")


class Controller:
    """Works on `max_concurrent` requests, of them on `per_issuer` of one issuer, and on `max_concurrent` issuers."""

    def __init__(
        self, clock: Clock, issuer_of: IssuerOf, max_concurrent: int, per_issuer: int, metrics: Metrics
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._per_issuer = per_issuer
        self._is_circuit_open: Callable[[ObjectKey], bool] = _never
        self.queues = {
            CHECKS: WorkQueue(_no_issuer, self._limit, max_concurrent),
            REQUESTS: WorkQueue(issuer_of, self._limit, max_concurrent),
        }
        self._changed = asyncio.Event()
        self._running: set[asyncio.Task[Result]] = set()
        self._ended = asyncio.Event()
        self._may_begin: HasUnwrittenResult = _any
        self._looked = clock.uptime()

    def enqueue(self, key: ObjectKey, after: timedelta) -> None:
        """Makes the key due after this time, or earlier if it was enqueued for an earlier time; at once for zero."""
        now, queue = self._clock.uptime(), self._queue_of(key)
        if after > timedelta(0):
            queue.schedule(key, now + after)
        else:
            queue.add(key, now)
        self._changed.set()

    def depth(self) -> int:
        """How many keys are due and not worked on yet."""
        return sum(map(len, self.queues.values()))

    async def run(
        self, work: Work, is_circuit_open: Callable[[ObjectKey], bool], is_leader: Callable[[], bool]
    ) -> None:
        """Starts work until cancelled, then cancels what runs. Of an issuer whose circuit is open, one key at a time.

        Once this process does not lead, no more work is started: a lead that has ended never comes back.
        """
        self._is_circuit_open = is_circuit_open
        try:
            while True:
                self._changed.clear()
                await self._change(within=self._begin_due(work, is_leader))
        finally:
            self.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def cancel(self) -> None:
        """Cancels running work. Its keys are due again."""
        for task in self._running:
            task.cancel()

    async def finish(
        self,
        deadline: timedelta,
        unwritten_results: Callable[[], Collection[ObjectKey]],
        has_unwritten_result: HasUnwrittenResult,
    ) -> bool:
        """Waits for running work and for the write of all `unwritten_results`; no other work is started.

        An unwritten result is tried at once, and then when its backoff ends. Returns whether all ended in time.
        """
        self._may_begin = has_unwritten_result
        for key in unwritten_results():
            self.enqueue(key, _AT_ONCE)
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline.total_seconds()):
                while self._running or unwritten_results():
                    self._ended.clear()
                    await self._ended.wait()
        return not (self._running or unwritten_results())

    def _limit(self, issuer: ObjectKey) -> int:
        return 1 if self._is_circuit_open(issuer) else self._per_issuer

    def _queue_of(self, key: ObjectKey) -> WorkQueue:
        return self.queues[_name(key)]

    def _begin_due(self, work: Work, is_leader: Callable[[], bool]) -> timedelta | None:
        """Begins as much as may be begun; returns the time until the next timer, None if a change comes first."""
        now = self._clock.uptime()
        for name, queue in self.queues.items():
            while is_leader() and (key := queue.pop_due(now)) is not None:
                self._metrics.queued(name, now - queue.due_since(key))
                self._begin(work, key)
        if not is_leader():
            return None
        self._warn_of_limits(now)
        timers = [due for queue in self.queues.values() if (due := queue.next_due()) is not None]
        return min(timers) - now if timers else None

    def _warn_of_limits(self, now: timedelta) -> None:
        """Once a minute: looking at all namespaces each time would cost more than the work."""
        if now < self._looked + _BETWEEN_LOOKS:
            return
        self._looked = now
        limited = [(work, usage) for work, queue in self.queues.items() for usage in queue.usage() if usage.limited]
        for work, usage in sorted(limited, key=lambda each: -each[1].due)[:_NAMED]:
            _log.warning(
                "%s of %s hold %d of %d slots, and %d more wait, while those of others go on; see how its CAs answer",
                *(work, _tenant(usage.namespace), usage.working, self.queues[work].max_concurrent, usage.due),
            )

    async def _change(self, within: timedelta | None) -> None:
        """Returns when a key was enqueued, when work has ended, or after this time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if within is None else within.total_seconds()):
                await self._changed.wait()

    def _begin(self, work: Work, key: ObjectKey) -> None:
        if not self._may_begin(key):
            self._queue_of(key).done(key)
            return
        task = asyncio.create_task(work(key))
        self._running.add(task)
        task.add_done_callback(partial(self._over, key))  # it is called even if the task is cancelled before it begins

    def _over(self, key: ObjectKey, task: asyncio.Task[Result]) -> None:
        self._running.discard(task)
        result, queue = _result(key, task), self._queue_of(key)
        if not task.cancelled():
            took = self._clock.uptime() - queue.begun(key)
            self._metrics.reconciled(_name(key), key.kind, outcomes.reconciling(result), took)
        if result.requeue_after is not None:
            self.enqueue(key, result.requeue_after)
        queue.done(key)
        self._changed.set()
        self._ended.set()


def _name(key: ObjectKey) -> str:
    """Of the queue that the key is in."""
    return REQUESTS if key.kind in _REQUEST_KINDS else CHECKS


def _result(key: ObjectKey, task: asyncio.Task[Result]) -> Result:
    """What came of the work on the key, which has ended."""
    if task.cancelled():
        return Result(_AT_ONCE)
    bug = task.exception()
    if bug is None:
        return task.result()
    frames = "".join(traceback.format_tb(bug.__traceback__))  # not its message, which may hold anything
    what = "%s: reconcile failed with %s; retrying in 30s, at\n%s"
    _log.error(what, key, type(bug).__name__, frames, extra={"object": str(key)})
    return Result(_AFTER_A_BUG, failed=True)


def _tenant(namespace: str) -> str:
    return f"namespace {namespace}" if namespace else "cluster issuers"


def _no_issuer(key: ObjectKey) -> None:
    """A check is one key for each issuer, so that no limit for each issuer is needed."""
    return


def _any(key: ObjectKey) -> bool:
    """Before `finish` all may begin."""
    return True


def _never(issuer: ObjectKey) -> bool:
    """Before `run` no circuit is open: no signer was asked."""
    return False
