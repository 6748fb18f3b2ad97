"""The manager: what runs in the cluster, and, on the adapters in memory, in the demo.

It starts and stops things and decides nothing. Work begins when the caches are filled and this process leads. A stop
lets what has begun come to its end and what is signed be written, so that no certificate is signed and then forgotten.
A standby keeps its caches filled and enqueues nothing; when it leads it enqueues all that there is to do.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.controller.controller import Controller
from domain.controller.reconciler import Reconciler
from domain.model import ObjectKey
from domain.ports import Cluster, LeaderElection, Recorder
from entrypoints.http.metrics import MetricsServer
from entrypoints.http.probes import Acceptance, probes
from entrypoints.settings import Settings

_GRACE = timedelta(seconds=20)  # less than the 30 s that a kubelet leaves a pod
_FLUSH = 3.0  # seconds for the last Events
_log = logging.getLogger("issuer.manager")


class Manager:
    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        reconciler: Reconciler,
        controller: Controller,
        election: LeaderElection,
        settings: Settings,
        metrics: MetricsServer,
        acceptance: Acceptance,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._reconciler = reconciler
        self._workers = controller
        self._election = election
        self._settings = settings
        self._metrics = metrics
        self._acceptance = acceptance
        self._ready = False
        self._works = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; raises LeadLost, and what ends another of its parts, which nothing should."""
        address, has_ended = self._settings.health_probe_bind_address, self._acceptance.has_ended
        async with probes(address, lambda: self._ready, has_ended), self._metrics.run():
            work = asyncio.create_task(self._work(), name="work")
            election = asyncio.create_task(self._take_part(), name="election")
            parts: Sequence[asyncio.Task[Any]] = [
                asyncio.create_task(self._cluster.watch(self._enqueue), name="watch"),
                asyncio.create_task(self._recorder.run(), name="events"),
                asyncio.create_task(stop.wait(), name="stop"),
                work,
                election,
            ]
            try:
                ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in ended:
                    part.result()
            finally:
                await self._stop(parts, work, election)
            if not election.cancelled():
                election.result()  # the lead was lost during the stop

    async def _work(self) -> None:
        await self._cluster.synced()
        self._ready = True
        _log.info("caches synced%s", ", leading" if self._election.is_leader() else "")
        await self._election.started_leading()
        self._works = True
        self._cluster.enqueue_all()
        await self._workers.run(self._reconciler.reconcile, self._reconciler.is_circuit_open, self._election.is_leader)

    def _enqueue(self, key: ObjectKey, after: timedelta) -> None:
        """Passes on what the watch says, once this process works."""
        if self._works:
            self._workers.enqueue(key, after)

    async def _take_part(self) -> None:
        await self._cluster.synced()  # a process that knows nothing yet must not keep others from working
        await self._election.run()

    async def _stop(
        self, parts: Sequence[asyncio.Task[Any]], work: asyncio.Task[None], election: asyncio.Task[None]
    ) -> None:
        self._ready = False
        finishing = asyncio.create_task(self._finish(), name="finish")
        await asyncio.wait([finishing, election], return_when=asyncio.FIRST_COMPLETED)
        lost = election.done()
        for part in (finishing, work, election):  # in this order: what is being finished needs the lead
            part.cancel()
            await asyncio.wait([part])
        if not lost:
            await self._election.release()
        try:
            await asyncio.wait_for(self._recorder.flush(), _FLUSH)
        except TimeoutError:
            _log.warning("the last Events were not written")
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        _log.info("stopped")

    async def _finish(self) -> None:
        """Has what was begun, and the answers of CAs that are not written yet, come to its end.

        A CA would be asked again for such an answer by the next leader.
        """
        if not await self._workers.finish(
            _GRACE, self._reconciler.unwritten_results, self._reconciler.has_unwritten_result
        ):
            _log.warning("stopped in the middle of work: it took longer than %d s", _GRACE.total_seconds())
