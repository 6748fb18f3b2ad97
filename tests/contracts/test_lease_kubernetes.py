"""The contract of the port Lease over a real API server, with the rights that deploy/rbac gives the manager."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.lease import KubernetesLease
from domain.errors import ClusterError, Forbidden
from domain.ports import Lease
from entrypoints.issuer import NAMES, NAMESPACE
from tests.contracts.lease_contract import DATE, OURS, LeaseContract
from tests.support.deployed import Deployed

NAME = NAMES.controller  # the only one that the manager may write


class TestKubernetesLease(LeaseContract):
    @pytest.fixture(autouse=True)
    def nothing(self, deployed: Deployed) -> Iterator[None]:
        """No Lease before and none after."""
        self.deployed = deployed
        self.kubectl("delete", "--ignore-not-found")
        yield
        self.kubectl("delete", "--ignore-not-found")

    @pytest.fixture
    def lease(self, manager_api: Api) -> Lease:
        return KubernetesLease(manager_api, NAMESPACE, NAME)

    @pytest.fixture
    def elsewhere(self, manager_api: Api) -> Lease:
        return KubernetesLease(manager_api, NAMESPACE, NAME)

    async def delete(self, lease: Lease) -> None:
        await asyncio.to_thread(self.kubectl, "delete")

    def kubectl(self, verb: str, *args: str) -> str:
        return self.deployed.server.kubectl(verb, "lease", NAME, f"--namespace={NAMESPACE}", *args)

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", "--output=json"))
        return found

    async def test_it_reads_as_client_go_writes_it(self, lease: Lease) -> None:
        await lease.write(OURS)
        assert self.stored()["spec"] == {
            "holderIdentity": "us",
            "leaseDurationSeconds": 14,
            "leaseTransitions": 2,
            "acquireTime": "2030-01-02T03:04:05.000060Z",
            "renewTime": "2030-01-02T03:04:07.000060Z",
        }
        assert self.kubectl("get", "--no-headers").split()[:2] == [NAME, "us"]

    async def test_what_others_put_into_its_metadata_stays(self, lease: Lease) -> None:
        written = await lease.write(OURS)
        self.kubectl("label", "a=b")
        self.kubectl("annotate", "c=d")
        read = await lease.read()
        assert read == replace(written, version=read.version if read else "")
        assert read is not None
        await lease.write(replace(read, renewed=DATE + timedelta(minutes=1)))
        metadata = self.stored()["metadata"]
        assert (metadata["labels"], metadata["annotations"]) == ({"a": "b"}, {"c": "d"})

    async def test_a_lease_that_holds_nothing_is_free(self, lease: Lease) -> None:
        manifest = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
        }
        self.deployed.server.kubectl("create", "--filename=-", stdin=json.dumps(manifest))
        read = await lease.read()
        assert read is not None
        assert (read.holder, read.duration, read.transitions) == ("", timedelta(0), 0)
        assert (await lease.write(replace(OURS, version=read.version))).holder == "us"

    @pytest.mark.parametrize(("namespace", "name"), [(NAMESPACE, "another"), ("default", NAME)])
    async def test_no_other_lease_may_be_touched(self, manager_api: Api, namespace: str, name: str) -> None:
        other = KubernetesLease(manager_api, namespace, name)
        with pytest.raises(Forbidden):
            await other.read()
        with pytest.raises(ClusterError):
            await other.write(replace(OURS, version="1"))
