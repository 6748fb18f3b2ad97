"""The contract of the port TrustBundles over a real API server, with the rights that deploy/rbac gives the manager."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.trust_bundles import KubernetesTrustBundles
from adapters.signers.pki import trust_bundle
from domain.errors import AdmissionRefused, Conflict, Invalid
from entrypoints.issuer import NAMES
from tests.contracts.trust_bundles_contract import (
    NEW,
    NOW,
    OLD,
    OTHER,
    Published,
    Stage,
    TrustBundlesContract,
    an_issuer,
)
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import Deployed


class KubernetesStage(Stage):
    def __init__(self, api: Api, server: ApiServer) -> None:
        self.api = api
        self.bundles = KubernetesTrustBundles(api, NAMES, trust_bundle.merge)
        self.issuer = an_issuer(f"contract.{uuid4().hex[:8]}")
        self.server = server

    async def found(self) -> dict[str, Any] | None:
        text = await self._kubectl("get", "clustertrustbundle", self.name, "--ignore-not-found", "--output=json")
        return json.loads(text) if text else None

    async def published(self) -> Published | None:
        found = await self.found()
        if found is None:
            return None
        return Published(found["spec"]["trustBundle"].encode(), found["metadata"]["resourceVersion"])

    async def make_foreign(self, roots: bytes) -> None:
        signer = f"{NAMES.cluster_issuers}.{NAMES.group}/{self.issuer.key.name}"
        spec = {"signerName": signer, "trustBundle": roots.decode()}
        body = {"apiVersion": "certificates.k8s.io/v1", "kind": "ClusterTrustBundle", "metadata": {"name": self.name}}
        await self._kubectl("create", "--filename=-", stdin=json.dumps(body | {"spec": spec}))

    async def delete(self) -> None:
        await self._kubectl("delete", "clustertrustbundle", self.name, "--ignore-not-found")

    async def annotate(self) -> None:
        await self._kubectl("annotate", "clustertrustbundle", self.name, f"example.com/by={uuid4()}", "--overwrite")

    async def _kubectl(self, *args: str, stdin: str | None = None) -> str:
        return await asyncio.to_thread(self.server.kubectl, *args, stdin=stdin)


class TestKubernetesTrustBundles(TrustBundlesContract):
    @pytest.fixture
    def stage(self, manager_api: Api, deployed: Deployed) -> Iterator[KubernetesStage]:
        stage = KubernetesStage(manager_api, deployed.server)
        yield stage
        deployed.server.kubectl("delete", "clustertrustbundle", stage.name, "--ignore-not-found")

    async def test_a_bundle_goes_with_its_issuer_and_says_whose_it_is(self, stage: KubernetesStage) -> None:
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        found = await stage.found()
        assert found is not None
        assert found["spec"]["signerName"] == f"{NAMES.cluster_issuers}.{NAMES.group}/{stage.issuer.key.name}"
        assert found["metadata"]["labels"] == {"app.kubernetes.io/managed-by": NAMES.controller}
        assert found["metadata"]["ownerReferences"] == [_owner(stage.issuer.key.name, stage.issuer.uid)]

    async def test_an_issuer_that_was_created_anew_takes_the_bundle_over(self, stage: KubernetesStage) -> None:
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        uid = str(uuid4())
        await stage.bundles.publish(replace(stage.issuer, uid=uid), NEW, NOW)
        found = await stage.found()
        assert found is not None
        assert found["metadata"]["ownerReferences"] == [_owner(stage.issuer.key.name, uid)]

    async def test_what_others_write_into_the_metadata_stays(self, stage: KubernetesStage) -> None:
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        await stage.annotate()
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        found = await stage.found()
        assert found is not None
        assert found["metadata"]["annotations"].keys() == {"example.com/by"}
        assert found["spec"]["trustBundle"].encode() == OLD + NEW

    @pytest.mark.parametrize("deed", ["publish", "remove"])
    async def test_who_is_overtaken_by_somebody_writes_nothing(
        self, stage: KubernetesStage, monkeypatch: pytest.MonkeyPatch, deed: str
    ) -> None:
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        read = stage.api.get

        async def overtaken(*asked: Any) -> Any:
            found = await read(*asked)
            await stage.annotate()
            return found

        monkeypatch.setattr(stage.api, "get", overtaken)
        with pytest.raises(Conflict):
            await (
                stage.bundles.publish(stage.issuer, NEW, NOW)
                if deed == "publish"
                else stage.bundles.remove(stage.issuer)
            )
        assert await stage.roots() == OLD

    async def test_the_api_server_refuses_a_root_of_version_1(self, stage: KubernetesStage) -> None:
        root = pki.version_1(pki.authority("Version 1"))
        with pytest.raises(Invalid, match="does not have the CA bit set"):
            await stage.bundles.publish(stage.issuer, root.pem, NOW)

    @pytest.mark.parametrize("group", ["other.example.com", f"other.{NAMES.group}"])
    async def test_for_another_signer_the_manager_may_not_attest(self, stage: KubernetesStage, group: str) -> None:
        other = KubernetesTrustBundles(stage.api, replace(NAMES, group=group), trust_bundle.merge)
        with pytest.raises(AdmissionRefused, match=f'not permitted to attest for signerName "[a-z]*.{group}/'):
            await other.publish(stage.issuer, OTHER, NOW)


def _owner(name: str, uid: str) -> dict[str, str]:
    version = f"{NAMES.group}/{NAMES.version}"
    return {"apiVersion": version, "kind": NAMES.cluster_issuer, "name": name, "uid": uid}
