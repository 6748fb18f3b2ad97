"""The port Lease on a coordination.k8s.io/v1 Lease, written as client-go does, so that kubectl shows the holder.

It is written as a whole, by PUT with its resourceVersion, which is the lock; what others put into its metadata stays.
It needs an Api of its own with short deadlines, so that a busy connection pool cannot cost the lead.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from adapters.kubernetes.api import Api
from adapters.kubernetes.errors import reading
from adapters.kubernetes.schema import LEASES, LeaseObject, LeaseSpecObject
from adapters.kubernetes.statuses import micro_time
from domain.errors import NotFound
from domain.ports import Lease, LeaseRecord


class KubernetesLease(Lease):
    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._metadata: dict[str, Any] = {}

    async def read(self) -> LeaseRecord | None:
        try:
            return self._record(await self._api.get(LEASES, self._namespace, self._name))
        except NotFound:
            return None

    async def write(self, record: LeaseRecord) -> LeaseRecord:
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "spec": _spec(record)}
        named = {"name": self._name, "namespace": self._namespace}
        if not record.version:
            return self._record(await self._api.create(LEASES, self._namespace, {**body, "metadata": named}))
        metadata = {**self._metadata, **named, "resourceVersion": record.version}
        return self._record(await self._api.replace(LEASES, self._namespace, {**body, "metadata": metadata}))

    def _record(self, obj: LeaseObject) -> LeaseRecord:
        self._metadata = {name: value for name, value in obj.metadata.items() if name != "managedFields"}
        spec = obj.spec or LeaseSpecObject()
        with reading():  # an answer without a version is none
            version = str(obj.metadata["resourceVersion"])
        return LeaseRecord(
            holder=spec.holderIdentity or "",
            duration=timedelta(seconds=spec.leaseDurationSeconds or 0),
            transitions=spec.leaseTransitions or 0,
            acquired=spec.acquireTime,
            renewed=spec.renewTime,
            version=version,
        )


def _spec(record: LeaseRecord) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "holderIdentity": record.holder,
        "leaseDurationSeconds": int(record.duration.total_seconds()),
        "leaseTransitions": record.transitions,
    }
    times = {"acquireTime": record.acquired, "renewTime": record.renewed}
    return spec | {name: micro_time(time) for name, time in times.items() if time is not None}
