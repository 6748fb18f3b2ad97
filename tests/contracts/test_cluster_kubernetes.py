"""The contract of the port Cluster over a real API server, with the rights that deploy/rbac gives the manager."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from adapters.idle_cache import IdleCache
from adapters.kubernetes.api import Api
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.memory.metrics import MemoryMetrics
from domain.effects import IssuerStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Condition,
    ObjectKey,
    PendingOrder,
    RequestSnapshot,
)
from domain.ports import Cluster
from entrypoints.issuer import NAMES, NAMESPACE
from tests.contracts.cluster_contract import ClusterContract
from tests.contracts.cluster_driver import ClusterDriver, a_csr, a_pod
from tests.contracts.cluster_stage import DEADLINE, Watched, condition, stored
from tests.support import pki
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.support.specs import codec

_API_VERSIONS = {
    NAMES.issuer: f"{NAMES.group}/{NAMES.version}",
    NAMES.cluster_issuer: f"{NAMES.group}/{NAMES.version}",
    CERTIFICATE_REQUEST: "cert-manager.io/v1",
    CERTIFICATE_SIGNING_REQUEST: "certificates.k8s.io/v1",
    POD_CERTIFICATE_REQUEST: "certificates.k8s.io/v1",
    "Secret": "v1",
}
_ADMISSION = "admissionregistration.k8s.io/v1"
_USAGES = ["digital signature", "client auth"]
_SIGNING_REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_ODD_NAMES = [
    "\x00",
    "\x85",
    "\u2028",
    "\u2029",
    "\n",
    "\r\n",
    "\t",
    "\x7f",
    "\x9f",
    "\u200b",
    "\ufeff",
    "\uffff",
    "\U0001f510",
    " #?:",
]
_numbers = count(1)


class KubernetesDriver(ClusterDriver):
    cluster_namespace = NAMESPACE

    def __init__(self, server: ApiServer, cluster: Cluster, namespace: str) -> None:
        self.server = server
        self.cluster = cluster
        self.namespace, self.other_namespace = namespace, f"{namespace}-other"

    async def create_issuer(self, key: ObjectKey, secret: str) -> None:
        await self._apply(key, spec={"url": "https://ca.example.com", "authSecretName": secret})

    async def change_issuer(self, key: ObjectKey, url: str) -> None:
        await self._patch(key, {"spec": {"url": url}})

    async def create_request(self, key: ObjectKey, issuer: ObjectKey) -> None:
        if key.kind == POD_CERTIFICATE_REQUEST:
            await self._apply(key, spec=_pod_spec(key, issuer))
            return
        spec: dict[str, Any] = {"request": base64.b64encode(a_csr()).decode(), "usages": _USAGES}
        if key.kind == CERTIFICATE_REQUEST:
            reference = {"group": NAMES.group, "kind": issuer.kind, "name": issuer.name}
            spec |= {"issuerRef": reference, "duration": "1h"}
        else:
            signer = f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer.name}"
            spec |= {"signerName": signer, "expirationSeconds": 3600}
        await self._apply(key, spec=spec)

    async def create_foreign_request(self, key: ObjectKey) -> None:
        request = base64.b64encode(a_csr()).decode()
        reference = {"group": "example.com", "kind": NAMES.issuer, "name": "contract"}
        await self._apply(key, spec={"request": request, "issuerRef": reference})

    async def approve(self, key: ObjectKey) -> None:
        if key.kind == CERTIFICATE_SIGNING_REQUEST:
            await self._kubectl("certificate", "approve", key.name)
            return
        approved = {
            "type": "Approved",
            "status": "True",
            "reason": "Test",
            "message": "approved by a test",
            "lastTransitionTime": "2030-01-01T00:00:00Z",
        }
        await self._patch(key, {"status": {"conditions": [approved]}}, "--subresource=status")

    async def annotate(self, key: ObjectKey, value: str) -> None:
        await self._patch(key, {"metadata": {"annotations": {"example.com/test": value}}})

    async def put_secret(self, key: ObjectKey, data: Mapping[str, bytes]) -> None:
        await self._apply(key, data={name: base64.b64encode(value).decode() for name, value in data.items()})

    async def delete(self, key: ObjectKey) -> None:
        await self._kubectl("delete", *_named(key))

    async def refuse_statuses(self, key: ObjectKey, why: str) -> None:
        """By a policy, which takes effect some time after it is there."""
        name, kind = f"{self.namespace}-{key.kind.lower()}", "ValidatingAdmissionPolicy"
        rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["*/status"]}
        it = f"request.name == '{key.name}' && request.?namespace.orValue('') == '{key.namespace}'"
        policy = {
            "matchConstraints": {"resourceRules": [rule]},
            "matchConditions": [{"name": "it", "expression": it}],
            "validations": [{"expression": "false", "message": why}],
        }
        binding = {"policyName": name, "validationActions": ["Deny"]}
        for part, spec in ((kind, policy), (f"{kind}Binding", binding)):
            body = {"apiVersion": _ADMISSION, "kind": part, "metadata": {"name": name}, "spec": spec}
            await self._kubectl("create", "--filename=-", stdin=json.dumps(body))
        await self._until(lambda: why in self._refusal(key), f"a policy refuses the status of {key}")

    async def accept_statuses(self, key: ObjectKey) -> None:
        name = f"{self.namespace}-{key.kind.lower()}"
        for kind in ("validatingadmissionpolicybinding", "validatingadmissionpolicy"):
            await self._kubectl("delete", kind, name)
        await self._until(lambda: self._refusal(key) == "", f"no policy refuses the status of {key}")

    async def _until(self, probe: Callable[[], bool], what: str) -> None:
        await asyncio.to_thread(wait_until, probe, DEADLINE, what)

    def _refusal(self, key: ObjectKey) -> str:
        """What the API server says of a write of the status that changes nothing; empty where it takes it."""
        patch = "--subresource=status", "--type=merge", "--dry-run=server", '--patch={"status":{}}'
        try:
            self.server.kubectl("patch", *_named(key), *patch)
        except KubectlFailed as refusal:
            return str(refusal)
        return ""

    async def status(self, key: ObjectKey) -> Status | None:
        told = json.loads(await self._kubectl("get", *_named(key), "--output=json")).get("status") or {}
        conditions = {each["type"]: _condition(each) for each in told.get("conditions", ())}
        if key.kind == CERTIFICATE_SIGNING_REQUEST:
            return SigningRequestStatus(_bytes(told.get("certificate")), conditions.get("Failed"), _order(conditions))
        if key.kind == POD_CERTIFICATE_REQUEST:
            return _pod_status(told, [*conditions.values()])
        if "Ready" not in conditions:
            return None
        if key.kind == CERTIFICATE_REQUEST:
            return RequestStatus(
                conditions["Ready"],
                _bytes(told.get("certificate")),
                _bytes(told.get("ca")),
                _time(told["failureTime"]) if "failureTime" in told else None,
                _order(conditions),
            )
        assert told["observedGeneration"] == conditions["Ready"].observed_generation
        return IssuerStatus(
            conditions["Ready"], told["signer"], conditions.get("Stalled"), conditions.get("TrustBundle")
        )

    async def _apply(self, key: ObjectKey, **content: Any) -> None:
        metadata = {"name": key.name} | ({"namespace": key.namespace} if key.namespace else {})
        body = {"apiVersion": _API_VERSIONS[key.kind], "kind": key.kind, "metadata": metadata, **content}
        await self._kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(body))

    async def _patch(self, key: ObjectKey, patch: Mapping[str, Any], *options: str) -> None:
        await self._kubectl("patch", *_named(key), "--type=merge", f"--patch={json.dumps(patch)}", *options)

    async def _kubectl(self, *args: str, stdin: str | None = None) -> str:
        return await asyncio.to_thread(self.server.kubectl, *args, stdin=stdin)


def _named(key: ObjectKey) -> list[str]:
    return [key.kind, key.name, *([f"--namespace={key.namespace}"] if key.namespace else [])]


def _pod_spec(key: ObjectKey, issuer: ObjectKey) -> dict[str, Any]:
    """As an administrator may write it: of other users than kubelets the API server compares nothing with the pod."""
    pod = a_pod(key.namespace)
    return {
        "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer.name}",
        "podName": pod.name,
        "podUID": pod.uid,
        "serviceAccountName": pod.service_account,
        "serviceAccountUID": "uid-account",
        "nodeName": "node-1",
        "nodeUID": "uid-node",
        "maxExpirationSeconds": 3600,
        "stubPKCS10Request": base64.b64encode(pki.csr_der(a_csr())).decode(),
    }


def _pod_status(told: Mapping[str, Any], conditions: Sequence[Condition]) -> PodCertificateStatus | None:
    if not conditions:
        return None
    (condition,) = conditions
    chain = told.get("certificateChain")
    times = [_time(told[name]) if name in told else None for name in ("notBefore", "notAfter", "beginRefreshAt")]
    return PodCertificateStatus(condition, chain and chain.encode(), *times)


def _condition(told: Mapping[str, Any]) -> Condition:
    return Condition(
        told["type"],
        told["status"],
        told["reason"],
        told["message"],
        _time(told["lastTransitionTime"]),
        told.get("observedGeneration"),
    )


def _order(conditions: Mapping[str, Condition]) -> PendingOrder | None:
    found = conditions.get(f"{NAMES.group}/Order")
    if found is None:
        return None
    told = json.loads(found.message)
    return PendingOrder(told["handle"], found.since, _time(told["askAgainAt"]))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)


@pytest.mark.usefixtures("nobody_approves")
class TestKubernetesCluster(ClusterContract):
    @pytest_asyncio.fixture
    async def driver(self, deployed: Deployed, manager_api: Api) -> AsyncIterator[ClusterDriver]:
        namespace = f"contract-{next(_numbers)}"
        for name in (namespace, f"{namespace}-other"):
            deployed.server.kubectl("create", "namespace", name)
        cluster = KubernetesCluster(manager_api, NAMES, codec(NAMESPACE), IdleCache(SECRETS_BUDGET), MemoryMetrics())
        yield KubernetesDriver(deployed.server, cluster, namespace)
        for name in (namespace, f"{namespace}-other"):
            deployed.server.kubectl("delete", "namespace", name, "--wait=false")
        deployed.server.kubectl("delete", f"{NAMES.cluster_issuers}.{NAMES.group}", namespace, "--ignore-not-found")
        deployed.server.kubectl("delete", "csr", namespace, "--ignore-not-found")

    @pytest.mark.parametrize("odd", _ODD_NAMES, ids=ascii)
    async def test_a_csr_may_be_called_all_that_the_api_server_allows(
        self, watched: Watched, deployed: Deployed, cluster_issuer: ObjectKey, csr_key: ObjectKey, odd: str
    ) -> None:
        name = f"{csr_key.name}-a{odd}b"
        await _create_raw(deployed.server, name, cluster_issuer)
        key = replace(csr_key, name=name)
        try:
            found = await watched.cluster.reload(key)
            assert isinstance(found, RequestSnapshot)
            failed = replace(condition("True", "Failed", "Failed"), message=f"because of {odd}")
            await watched.write(key, SigningRequestStatus(failed=failed))
            told = json.loads(deployed.server.kubectl("get", "--raw", f"{_SIGNING_REQUESTS}/{quote(name, safe='')}"))
            assert told["metadata"]["name"] == name
            assert [_condition(each) for each in told["status"]["conditions"]] == [stored(failed)]
        finally:
            deployed.server.kubectl("delete", "--raw", f"{_SIGNING_REQUESTS}/{quote(name, safe='')}")


async def _create_raw(server: ApiServer, name: str, issuer: ObjectKey) -> None:
    """Past kubectl's own encoding of JSON, which escapes some of these characters and not others."""
    spec = {
        "request": base64.b64encode(a_csr()).decode(),
        "signerName": f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer.name}",
        "usages": _USAGES,
    }
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": CERTIFICATE_SIGNING_REQUEST,
        "metadata": {"name": name},
        "spec": spec,
    }
    create = "create", "--raw", _SIGNING_REQUESTS, "--filename=-"
    await asyncio.to_thread(server.kubectl, *create, stdin=json.dumps(body))
