"""The port Cluster in memory, and what people and other controllers do to a cluster.

It behaves as an API server does as far as this project depends on it: growing resource versions, apply of the whole
status, the rules of each kind. The same contract suite runs on both.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

from domain.controller.cache import Cache, Keys, Object
from domain.effects import IssuerStatus, PatchStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.errors import AdmissionRefused, Conflict, Invalid, NotFound
from domain.model import Condition, Credentials, Issuer, ObjectKey, PendingOrder, Request, SecretVersion, Snapshot
from domain.ports import Cluster, Enqueue

_Stored = TypeVar("_Stored", Issuer, Request)


class MemoryCluster(Cluster):
    def __init__(self) -> None:
        self._objects: dict[ObjectKey, Object] = {}
        self._statuses: dict[ObjectKey, Status] = {}
        self._secrets: dict[ObjectKey, Credentials] = {}
        self._refusals: dict[ObjectKey, str] = {}
        self._revision = 0
        self._cache = Cache()
        self._changes: asyncio.Queue[ObjectKey | Object] = asyncio.Queue()
        self._enqueue: Enqueue = _ignore
        self._synced = asyncio.Event()

    # What users and other controllers do to the cluster.

    def create(self, wanted: _Stored) -> _Stored:
        """Stores an issuer or a request; uid, resource version and generation are given here, as on a server."""
        if wanted.key in self._objects:
            raise Conflict(f"{wanted.key} already exists")
        revision = self._next()
        given: Any = {"uid": f"uid-{revision}", "resource_version": str(revision)}
        if isinstance(wanted, Issuer):
            given["generation"] = 1
        stored: _Stored = replace(wanted, **given)
        self._store(stored)
        return stored

    def update(self, key: ObjectKey, **changes: Any) -> None:
        """Changes fields of what is stored; a change of an issuer's spec is a new generation."""
        old = self._object(key)
        new = replace(old, **changes, resource_version=str(self._next()))
        if isinstance(old, Issuer) and isinstance(new, Issuer) and new.spec != old.spec:
            new = replace(new, generation=old.generation + 1)
        self._store(new)

    def delete(self, key: ObjectKey) -> None:
        self._object(key)
        del self._objects[key]
        self._statuses.pop(key, None)
        self._secrets.pop(key, None)
        self._changes.put_nowait(key)

    def put_secret(self, key: ObjectKey, data: Mapping[str, bytes]) -> None:
        """Creates or replaces a Secret."""
        known, version = self._objects.get(key), str(self._next())
        self._secrets[key] = Credentials(dict(data), version)
        self._store(SecretVersion(key, known.uid if known else f"uid-{version}", version))

    def refuse_statuses(self, key: ObjectKey, why: str) -> None:
        """From now on admission refuses the object's statuses, in these words, until `accept_statuses`."""
        self._refusals[key] = why

    def accept_statuses(self, key: ObjectKey) -> None:
        self._refusals.pop(key, None)

    def stored(self, key: ObjectKey) -> Object:
        """The object as it is on the server, also where the watch has not seen it yet; raises NotFound."""
        return self._object(key)

    def status(self, key: ObjectKey) -> Status | None:
        """The status that was applied, certificate and all."""
        self._object(key)
        return self._statuses.get(key)

    # The port.

    async def watch(self, enqueue: Enqueue) -> None:
        self._enqueue = enqueue
        while True:
            while not self._changes.empty():
                self._take(self._changes.get_nowait())
            self._synced.set()
            self._take(await self._changes.get())

    async def synced(self) -> None:
        await self._synced.wait()

    def enqueue_all(self) -> None:
        self._enqueue_all(self._cache.all_to_do())

    def issuers(self) -> Iterable[Issuer]:
        return self._cache.issuers()

    def waiting(self) -> Iterable[Request]:
        return self._cache.waiting()

    async def load(self, key: ObjectKey) -> Snapshot | None:
        return self._cache.snapshot(key)

    def issuer_of(self, key: ObjectKey) -> ObjectKey | None:
        return self._cache.issuer_of(key)

    async def reload(self, key: ObjectKey) -> Snapshot | None:
        found = self._objects.get(key)
        self._enqueue_all(self._cache.refresh(found) if found else self._cache.remove(key))
        return self._cache.snapshot(key)

    async def apply(self, patch: PatchStatus) -> None:
        old = self._object(patch.key)
        if old.resource_version != patch.resource_version:
            raise Conflict(f"{patch.key} has been modified")
        if patch.key in self._refusals:
            raise AdmissionRefused(f"{patch.key} is forbidden: {self._refusals[patch.key]}")
        status = _stored(patch.status, self._statuses.get(patch.key))
        new = _with_status(old, status)
        self._statuses[patch.key] = status
        if new != old:
            self._store(replace(new, resource_version=str(self._next())))
        self._enqueue_all(self._cache.refresh(self._objects[patch.key]))

    async def credentials(self, secret: ObjectKey) -> Credentials:
        if secret not in self._secrets:
            raise NotFound(f'secrets "{secret.name}" not found')
        return self._secrets[secret]

    def _object(self, key: ObjectKey) -> Object:
        if key not in self._objects:
            raise NotFound(f"{key} not found")
        return self._objects[key]

    def _store(self, new: Object) -> None:
        self._objects[new.key] = new
        self._changes.put_nowait(new)

    def _next(self) -> int:
        self._revision += 1
        return self._revision

    def _take(self, change: ObjectKey | Object) -> None:
        self._enqueue_all(self._cache.remove(change) if isinstance(change, ObjectKey) else self._cache.put(change))

    def _enqueue_all(self, keys: Keys) -> None:
        for key, after in keys:
            self._enqueue(key, after)


def _stored(new: Status, old: Status | None) -> Status:
    """What an API server keeps of a status: whole seconds; and a CSR loses neither conditions nor certificate."""
    match new:
        case IssuerStatus():
            stalled, bundle = new.stalled and _whole_seconds(new.stalled), new.bundle and _whole_seconds(new.bundle)
            return replace(new, ready=_whole_seconds(new.ready), stalled=stalled, bundle=bundle)
        case RequestStatus(failure_time=time):
            time = time and time.replace(microsecond=0)
            return replace(new, ready=_whole_seconds(new.ready), failure_time=time, order=_whole_second(new.order))
        case SigningRequestStatus():
            before = old if isinstance(old, SigningRequestStatus) else SigningRequestStatus()
            if before.certificate is not None and new.certificate != before.certificate:
                raise Invalid("status.certificate: Forbidden: may not be changed or omitted once it is set")
            failed = before.failed if new.failed is None else _whole_seconds(new.failed)
            return SigningRequestStatus(new.certificate, failed, _whole_second(new.order) or before.order)
        case PodCertificateStatus():
            new = replace(new, condition=_whole_seconds(new.condition))
            if old is not None and new != old:
                raise Invalid("status: Forbidden: immutable after PodCertificateRequest is issued, denied, or failed")
            return new


def _with_status(old: Object, status: Status) -> Object:
    """The object as it reads with this status."""
    if isinstance(old, Issuer) and isinstance(status, IssuerStatus):
        told = replace(old, ready=status.ready, stalled=status.stalled, bundle=status.bundle)
        return replace(told, shown_signer=status.signer)
    if isinstance(old, Request) and isinstance(status, RequestStatus) and not (old.is_kubernetes or old.pod):
        answered = status.certificate is not None
        return replace(old, ready=status.ready, order=status.order, has_certificate=answered)
    if isinstance(old, Request) and isinstance(status, SigningRequestStatus) and old.is_kubernetes:
        failed, answered = status.failed is not None, status.certificate is not None
        return replace(old, failed=failed, order=status.order, has_certificate=answered)
    if isinstance(old, Request) and isinstance(status, PodCertificateStatus) and old.pod:
        answered = status.chain is not None
        return replace(old, failed=not answered, has_certificate=answered)
    raise Invalid(f"{old.key} has no such status")


def _whole_seconds(condition: Condition) -> Condition:
    return replace(condition, since=condition.since.replace(microsecond=0))


def _whole_second(order: PendingOrder | None) -> PendingOrder | None:
    return order and replace(order, since=order.since.replace(microsecond=0))


def _ignore(key: ObjectKey, after: timedelta) -> None:
    """Before `watch`, changes enqueue nothing."""
