"""The contract of the port Cluster over the adapter in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.effects import Status
from domain.model import POD_CERTIFICATE_REQUEST, Approval, Issuer, IssuerSpec, ObjectKey, Request
from tests.contracts.cluster_contract import ClusterContract
from tests.contracts.cluster_driver import ClusterDriver, a_csr, a_pod


class MemoryDriver(ClusterDriver):
    namespace, other_namespace, cluster_namespace = "one", "other", "system"

    def __init__(self) -> None:
        self.memory = MemoryCluster()
        self.cluster = self.memory

    async def create_issuer(self, key: ObjectKey, secret: str) -> None:
        spec = IssuerSpec(
            "https://ca.example.com", ObjectKey("Secret", key.namespace or self.cluster_namespace, secret), "demo"
        )
        self.memory.create(Issuer(key, "", "", 0, spec))

    async def change_issuer(self, key: ObjectKey, url: str) -> None:
        issuer = self.memory.stored(key)
        assert isinstance(issuer, Issuer)
        self.memory.update(key, spec=IssuerSpec(url, issuer.spec.secret, issuer.spec.signer))

    async def create_request(self, key: ObjectKey, issuer: ObjectKey) -> None:
        usages, duration = ("digital signature", "client auth"), timedelta(hours=1)
        request = Request(key, "", "", issuer, a_csr(), usages, duration=duration)
        if key.kind == POD_CERTIFICATE_REQUEST:
            request = replace(request, usages=(), approval=Approval.APPROVED, pod=a_pod(key.namespace))
        self.memory.create(request)

    async def create_foreign_request(self, key: ObjectKey) -> None:
        self.memory.create(Request(key, "", "", None, a_csr()))

    async def approve(self, key: ObjectKey) -> None:
        self.memory.update(key, approval=Approval.APPROVED, approved_at=datetime.now(UTC))

    async def annotate(self, key: ObjectKey, value: str) -> None:
        self.memory.update(key, annotations={"test": value})

    async def put_secret(self, key: ObjectKey, data: Mapping[str, bytes]) -> None:
        self.memory.put_secret(key, data)

    async def delete(self, key: ObjectKey) -> None:
        self.memory.delete(key)

    async def refuse_statuses(self, key: ObjectKey, why: str) -> None:
        self.memory.refuse_statuses(key, why)

    async def accept_statuses(self, key: ObjectKey) -> None:
        self.memory.accept_statuses(key)

    async def status(self, key: ObjectKey) -> Status | None:
        return self.memory.status(key)


class TestMemoryCluster(ClusterContract):
    @pytest.fixture
    def driver(self) -> ClusterDriver:
        return MemoryDriver()
