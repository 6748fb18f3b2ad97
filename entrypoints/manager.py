"""The manager: what runs in the cluster, and, on the adapters in memory, in the demo.

Law: it starts and stops things and decides nothing. Work begins when the caches are filled; a stop lets what has
begun come to its end, so that no certificate is signed and then forgotten.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from domain.ports import Cluster, Recorder
from domain.reconcile import Reconciler
from entrypoints.metrics.server import MetricsServer
from entrypoints.probes import probes
from entrypoints.settings import Settings
from entrypoints.workers import Workers

_GRACE = timedelta(seconds=20)  # less than the 30 s that a kubelet leaves a pod
_FLUSH = 3.0  # seconds for the last Events
_log = logging.getLogger("issuer.manager")


class Manager:
    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        reconciler: Reconciler,
        workers: Workers,
        settings: Settings,
        metrics: MetricsServer,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._reconciler = reconciler
        self._workers = workers
        self._settings = settings
        self._metrics = metrics
        self._ready = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set; raises what ends one of its parts, which nothing should."""
        async with probes(self._settings.health_probe_bind_address, lambda: self._ready), self._metrics.run():
            work = asyncio.create_task(self._work(), name="work")
            parts: Sequence[asyncio.Task[Any]] = [
                asyncio.create_task(self._cluster.watch(self._workers.wake), name="watch"),
                asyncio.create_task(self._recorder.run(), name="events"),
                asyncio.create_task(stop.wait(), name="stop"),
                work,
            ]
            try:
                ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
                for part in ended:
                    part.result()
            finally:
                await self._stop(parts, work)

    async def _work(self) -> None:
        await self._cluster.synced()
        self._ready = True
        _log.info("the caches are filled, working")
        await self._workers.run(self._reconciler.reconcile)

    async def _stop(self, parts: Sequence[asyncio.Task[Any]], work: asyncio.Task[None]) -> None:
        self._ready = False
        work.cancel()
        if not await self._workers.finish(_GRACE):
            _log.warning("stopped in the middle of work: it took longer than %d s", _GRACE.total_seconds())
        try:
            await asyncio.wait_for(self._recorder.flush(), _FLUSH)
        except TimeoutError:
            _log.warning("the last Events were not written")
        for part in parts:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        _log.info("stopped")
