"""One run: requests for one subject, until all are Ready and it has come to rest.

Times are what somebody sees who watches the API server. What a process used up is asked when it rests, so that
Events which it writes later are paid for too. Whatever happens, the process is ended and the requests are removed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from domain.model import POD_CERTIFICATE_REQUEST
from entrypoints.issuer import NAMES
from tests.support import pki
from tests.support.cluster.process import Process
from tests.tools.bench.client import Client, base64_text
from tests.tools.bench.figures import Figures, Measure, per_second, percentile
from tests.tools.bench.scenarios import Scenario
from tests.tools.bench.stage import Place, Stage
from tests.tools.bench.subjects import cpu_seconds, peak_mib

Say = Callable[[str], None]
_LOADING_AT_ONCE = 12
_SECONDS = 900  # for all to be Ready
_RESTING = 0.03  # CPU seconds in a second
_REST_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Load:
    """The requests of a run, and when each was asked to be approved and seen to be Ready."""

    client: Client
    place: Place
    count: int
    approved: dict[str, float] = field(default_factory=dict)
    ready: dict[str, float] = field(default_factory=dict)

    async def all_at_once(self, say: Say) -> None:
        numbers = iter(range(self.count))

        async def some() -> None:
            for number in numbers:
                await self._add(number)
                if number and number % 1_000 == 0:
                    say(f"{number:,} of {self.count:,} requests loaded")

        async with asyncio.TaskGroup() as group:
            for _ in range(_LOADING_AT_ONCE):
                group.create_task(some())

    async def paced(self, per_second: float) -> None:
        """One after the other is begun at its time, whether or not those before are done."""
        start = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for number in range(self.count):
                await asyncio.sleep(max(0.0, start + number / per_second - time.monotonic()))
                group.create_task(self._add(number))

    async def observe(self, version: str, say: Say) -> None:
        """Returns when all have been seen Ready."""
        async with aclosing(self.client.became_ready(self.place.requests_path, version)) as told:
            async for name, when in told:
                self.ready.setdefault(name, when)
                if len(self.ready) == self.count:
                    return
                if len(self.ready) % 1_000 == 0:
                    say(f"{len(self.ready):,} of {self.count:,} requests Ready")

    async def one(self, name: str, issuer: str) -> float:
        """Puts in one more; returns when it was asked to be approved, which nobody does for pods."""
        if self.place.of_pods:
            await self.client.create(self.place.requests_path, _pod_request(name, issuer))
            return time.monotonic()
        created = await self.client.create(self.place.requests_path, _request(name, issuer))
        return await self.client.approve(self.place.namespace, name, created)

    async def _add(self, number: int) -> None:
        name = f"request-{number}"
        self.approved[name] = await self.one(name, self.place.issuers[number % len(self.place.issuers)])


async def run(stage: Stage, scenario: Scenario, process: Process, say: Say) -> Figures:
    """What was measured. Raises TimeoutError, ProcessDied."""
    place = await stage.place(scenario.issuers, scenario.kind)
    load = Load(stage.client, place, scenario.requests)
    try:
        if scenario.per_second is None:
            return await _waiting(load, process, say)
        return await _coming(load, scenario.per_second, process, say)
    finally:
        process.stop()
        await asyncio.shield(stage.clear(place))


async def _waiting(load: Load, process: Process, say: Say) -> Figures:
    await load.all_at_once(say)
    version = await load.client.version(load.place.requests_path)
    began = time.monotonic()
    process.start()
    async with _observed(load, version, process, say):
        pass
    used = await _used(load, process)
    times = load.ready.values()
    figures = {Measure.SECONDS: max(times) - began, Measure.FIRST: min(times) - began, **used}
    rate = per_second(times)
    return figures if rate is None else {**figures, Measure.RATE: rate}


async def _coming(load: Load, per_second: float, process: Process, say: Say) -> Figures:
    process.start()
    await load.one("probe", load.place.issuers[0])
    async with asyncio.timeout(_REST_SECONDS):
        while not await load.client.all_ready(load.place.requests_path):
            process.check()
            await asyncio.sleep(0.1)
    version = await load.client.version(load.place.requests_path)
    async with _observed(load, version, process, say):
        await load.paced(per_second)
    used = await _used(load, process)
    took = [1000 * (load.ready[name] - load.approved[name]) for name in load.ready]
    return {Measure.P50: percentile(took, 0.5), Measure.P99: percentile(took, 0.99), **used}


@asynccontextmanager
async def _observed(load: Load, version: str, process: Process, say: Say) -> AsyncIterator[None]:
    """Watches while the body runs, and after it until all are Ready."""
    observing = asyncio.create_task(load.observe(version, say))
    try:
        yield
        async with asyncio.timeout(_SECONDS):
            while not observing.done():
                process.check()
                await asyncio.wait([observing], timeout=5)
        observing.result()
    finally:
        observing.cancel()


async def _used(load: Load, process: Process) -> dict[Measure, float]:
    pid, before = process.pid, 0.0
    async with asyncio.timeout(_REST_SECONDS):
        while (now := cpu_seconds(pid)) - before > _RESTING:
            before = now
            await asyncio.sleep(1)
    return {
        Measure.CPU: 1000 * now / load.count,
        Measure.MEMORY: peak_mib(pid),
        Measure.EVENTS: await load.client.count(load.place.events_path),
    }


def _request(name: str, issuer: str) -> dict[str, object]:
    host = f"{name}.example.com"
    return {
        "apiVersion": "cert-manager.io/v1",
        "kind": "CertificateRequest",
        "metadata": {"name": name},
        "spec": {
            "request": base64_text(pki.csr(common_name=host, dns=[host])),
            "issuerRef": {"group": NAMES.group, "kind": NAMES.issuer, "name": issuer},
            "usages": ["digital signature", "server auth"],
        },
    }


def _pod_request(name: str, issuer: str) -> dict[str, object]:
    """As a kubelet's, but of a pod that there is not: the API server looks for it only where a node asks."""
    ids = {f"{of}UID": f"uid-of-the-{of}" for of in ("pod", "serviceAccount", "node")}
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": POD_CERTIFICATE_REQUEST,
        "metadata": {"name": name},
        "spec": {
            "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer}",
            "podName": name,
            "serviceAccountName": "default",
            "nodeName": "node-1",
            **ids,
            "maxExpirationSeconds": 86_400,
            "stubPKCS10Request": base64_text(pki.csr_der(pki.stub_csr())),
        },
    }
