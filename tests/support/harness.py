"""A whole controller in memory, without threads, sleeps or luck: the real Controller, Reconciler and MemoryCluster.

Time passes only when a test says so, the watch tells only before a key is worked on, and a signer answers what
its script says. A loop that never comes to rest is an AssertionError, not a hang.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import timedelta

from adapters.memory.access_review import MemoryAccessReview
from adapters.memory.cluster import MemoryCluster
from adapters.memory.metrics import MemoryMetrics
from adapters.memory.recorder import MemoryRecorder
from domain.controller.cache import Cache
from domain.controller.controller import Controller
from domain.controller.reconciler import Reconciler
from domain.effects import PatchStatus, Result
from domain.errors import ClusterError, Invalid
from domain.model import (
    ObjectKey,
    Request,
    Requester,
)
from domain.ports import Enqueue
from domain.retry import RetryPolicy
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock, uptime_at
from tests.support.factories import POLICY, T0
from tests.support.faulty_trust_bundles import FaultyTrustBundles
from tests.support.scripted_signer import ScriptedSigner

_RESTLESS = 2000  # turns of the loop at one moment in time: many times what any test needs


class FaultyCluster(MemoryCluster):
    """Its watch tells when `tell` is called; each of `faults` is done in place of, before or after one apply."""

    def __init__(self, enqueue: Enqueue) -> None:
        super().__init__()
        self._enqueue = enqueue
        self.faults: deque[Fault] = deque()
        self.applied: list[PatchStatus] = []
        self.never_taken: set[ObjectKey] = set()  # objects of which a status was Invalid

    def tell(self) -> None:
        while not self._changes.empty():
            self._take(self._changes.get_nowait())

    def tell_anew(self) -> None:
        """As to a watch that has just begun: everything there is, and nothing that is gone."""
        self._cache = Cache()
        while not self._changes.empty():
            self._changes.get_nowait()
        for known in self._objects.values():
            self._changes.put_nowait(known)

    async def apply(self, patch: PatchStatus) -> None:
        await asyncio.sleep(0)  # others get their turn, as they do while a server is asked
        if self.faults:
            try:
                await self.faults.popleft()(self, patch)
            except Invalid:
                self.never_taken.add(patch.key)
                raise
        else:
            await self.write(patch)
        for _ in range(3):  # the watch may be quicker than the answer
            await asyncio.sleep(0)

    async def write(self, patch: PatchStatus) -> None:
        before = self._objects.get(patch.key)
        terminal = isinstance(before, Request) and before.is_terminal
        await super().apply(patch)
        assert not terminal, f"{patch.key} had its answer and was written again: {patch.status}"
        self.applied.append(patch)


Fault = Callable[[FaultyCluster, PatchStatus], Awaitable[None]]


def fails(failure: Exception) -> Fault:
    """The write does not happen."""

    async def fault(cluster: FaultyCluster, patch: PatchStatus) -> None:
        raise failure

    return fault


def fails_after(failure: Exception) -> Fault:
    """The write happens, but its answer is lost; the watch will tell."""

    async def fault(cluster: FaultyCluster, patch: PatchStatus) -> None:
        refresh, cluster._cache.refresh = cluster._cache.refresh, lambda new: []  # type: ignore[method-assign]
        try:
            await cluster.write(patch)
        finally:
            cluster._cache.refresh = refresh  # type: ignore[method-assign]
        raise failure

    return fault


def meanwhile(deed: Callable[[], object]) -> Fault:
    """Somebody does something to the cluster just before the write arrives."""

    async def fault(cluster: FaultyCluster, patch: PatchStatus) -> None:
        deed()
        await cluster.write(patch)

    return fault


class FaultyAccessReview(MemoryAccessReview):
    """Remembers about whom it was asked; raises each of `faults` in place of one answer."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: deque[ClusterError] = deque()
        self.asked: list[tuple[str, ObjectKey]] = []

    async def may_reference(self, requester: Requester, issuer: ObjectKey) -> bool:
        self.asked.append((requester.username, issuer))
        if self.faults:
            raise self.faults.popleft()
        return await super().may_reference(requester, issuer)


class Harness:
    """The real Controller and Reconciler on adapters in memory; `visits` are the keys that were reconciled."""

    def __init__(self, policy: RetryPolicy = POLICY) -> None:
        self.clock = StoppedClock(T0)
        self.cluster = FaultyCluster(self.enqueue)
        self.recorder = MemoryRecorder(self.clock)
        self.signer = ScriptedSigner()
        self.metrics = MemoryMetrics()
        self.access_review = FaultyAccessReview()
        self.trust_bundles = FaultyTrustBundles()
        self.visits: list[ObjectKey] = []
        self._policy = policy
        self._running: asyncio.Task[None] | None = None
        self.start()

    def start(self) -> None:
        """A new process: it knows nothing but what the cluster holds."""
        self.signer.clock = self.clock
        self.controller = Controller(self.clock, self.cluster.issuer_of, 1000, 8, self.metrics)
        self.reconciler = Reconciler(
            self.cluster,
            self.recorder,
            {"Scripted": self.signer},
            self.clock,
            self._policy,
            self.controller.enqueue,
            self.metrics,
            self.access_review,
            self.trust_bundles,
            NAMES,
        )
        self._begun: set[ObjectKey] = set()
        self._failures: list[BaseException] = []
        self._may_begin = True
        self.cluster.tell_anew()

    async def kill(self) -> None:
        """Ends the process, whatever it is doing."""
        if self._running:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        self._running = None
        self.signer.held.clear()

    def enqueue(self, key: ObjectKey, after: timedelta) -> None:
        self.controller.enqueue(key, after)

    def next_due(self) -> timedelta | None:
        """The uptime of the next planned visit."""
        planned = [queue.next_due() for queue in self.controller.queues.values()]
        return min((due for due in planned if due is not None), default=None)

    async def run(self) -> None:
        """Works until nothing is left to do at this moment in time; callers that a signer holds stay where they are."""
        for _ in range(_RESTLESS):
            before = len(self.visits), len(self._begun)
            await self.a_little()
            if self._failures:
                raise self._failures[0]
            if before == (len(self.visits), len(self.signer.held)):
                return
        raise AssertionError(f"comes to no rest: {[str(key) for key in self.visits[-6:]]}")

    async def go_on(self) -> None:
        """Lets what has begun come as far as it can, and begins nothing."""
        self._may_begin = False
        for _ in range(20):
            await asyncio.sleep(0)
        self._may_begin = True

    async def a_little(self) -> None:
        """The watch tells what has changed, and the controller takes a few steps."""
        self.cluster.tell()
        if self._running is None:
            work = self.controller.run(self._reconcile, self.reconciler.is_circuit_open, lambda: self._may_begin)
            self._running = asyncio.get_running_loop().create_task(work)
        self.controller._changed.set()  # as its timer would: the stopped clock has been moved
        for _ in range(4):
            await asyncio.sleep(0)

    async def advance(self, by: timedelta) -> None:
        """Lets time pass, from one planned visit to the next."""
        end = self.clock.time + by
        await self.run()
        while (due := self.next_due()) is not None and due <= uptime_at(end):
            self.clock.time += max(due - self.clock.uptime(), timedelta(0))
            await self.run()
        self.clock.time = end
        await self.run()

    async def advance_to_next(self) -> timedelta:
        """Lets time pass to the next planned visit; says how long that took."""
        due, before = self.next_due(), self.clock.uptime()
        assert due is not None, "nothing is planned"
        await self.advance(due - before)
        return due - before

    async def _reconcile(self, key: ObjectKey) -> Result:
        assert key not in self._begun, f"{key} is worked on twice at once"
        self.visits.append(key)
        self._begun.add(key)
        try:
            return await self.reconciler.reconcile(key)
        except Exception as failure:
            self._failures.append(failure)
            raise
        finally:
            self._begun.discard(key)
