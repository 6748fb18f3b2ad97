"""The controller in memory with a CA elsewhere: the wired signers, the real Reconciler, a MemoryCluster.

All statuses and Events are kept from the first write on, to be searched afterwards.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from dependency_injector import providers

from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from adapters.signers.http.client import Limits
from adapters.signers.http.pool import ClientPool
from domain.effects import PatchStatus, Status
from domain.model import ObjectKey, SignRequest
from domain.ports import Signer
from entrypoints.container import in_memory
from entrypoints.settings import Settings
from tests.contracts.clock import StoppedClock
from tests.support.factories import a_new_issuer, a_request, certificate, cluster_issuer_key, request_key, secret_key

ISSUER = cluster_issuer_key()
SECRET = secret_key(ISSUER)
PATIENCE = Limits().total
TOO_LATE = Settings(cluster_resource_namespace="system").max_retry_duration + timedelta(minutes=1)


class KeepingCluster(MemoryCluster):
    """Remembers every status that was ever written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[PatchStatus] = []

    async def apply(self, patch: PatchStatus) -> None:
        await super().apply(patch)
        self.written.append(patch)


class InMemoryController:
    """`visit` lets the manager come by; time stands still in between unless a test moves `clock`."""

    def __init__(self, clients: ClientPool, clock: StoppedClock) -> None:
        self.clock = clock
        self.cluster = KeepingCluster()
        self.recorder = MemoryRecorder(clock)
        container = in_memory(Settings(cluster_resource_namespace="system"), self.cluster, self.recorder)
        container.clock.override(providers.Object(clock))
        container.clients.override(providers.Object(clients))
        self.signers: Mapping[str, Signer] = container.signers()
        self._reconciler = container.reconciler()

    def ask(self, kind: str, order: SignRequest) -> ObjectKey:
        """Creates the Secret, the issuer and an approved request for what the order asks."""
        self.cluster.put_secret(SECRET, order.credentials.data)
        self.cluster.create(a_new_issuer(ISSUER, spec=order.issuer))
        return self.cluster.create(
            a_request(
                kind,
                key=request_key(kind),
                issuer=ISSUER,
                csr=order.csr,
                usages=order.usages,
                is_ca=order.is_ca,
                duration=order.duration,
                approved_at=self.clock.now(),
            )
        ).key

    async def visit(self, request: ObjectKey) -> None:
        """First the issuer, then the request, and the issuer once more, of which the signer may have told."""
        for key in (ISSUER, request, ISSUER):
            await asyncio.sleep(0)  # the watch tells
            await self._reconciler.reconcile(key)

    def certificates(self) -> list[Status]:
        """Every status that ever held one."""
        return [patch.status for patch in self.cluster.written if certificate(patch.status)]

    def told(self) -> str:
        """All statuses and Events."""
        return "\n".join([*map(str, self.cluster.written), *map(str, self.recorder.all())])


@asynccontextmanager
async def in_memory_controller(patience: timedelta = PATIENCE) -> AsyncIterator[InMemoryController]:
    """An answer of a CA may take `patience`, and have 50,000 bytes."""
    clock = StoppedClock()
    clients = ClientPool(clock, limits=Limits(total=patience, body=50_000))
    made = InMemoryController(clients, clock)
    watching = asyncio.create_task(made.cluster.watch(lambda key, after: None))
    try:
        await made.cluster.synced()
        yield made
    finally:
        watching.cancel()
        await clients.close()
