"""What the API server refuses of spec.pods, as the manager does, and what it stores of a good one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from entrypoints.issuer import NAMES
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.deployed import Deployed
from tests.support.pods_specs import PODS, REFUSED


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> ApiServer:
    return deployed.server


def create(cluster: ApiServer, kind: str = NAMES.cluster_issuer, **pods: Any) -> dict[str, Any]:
    """Without storing it."""
    issuer = {
        "apiVersion": f"{NAMES.group}/{NAMES.version}",
        "kind": kind,
        "metadata": {"name": "pods"},
        "spec": {"authSecretName": "credentials", "ca": {}, "pods": PODS | pods},
    }
    command = "create", "--dry-run=server", "--validate=strict", "--filename=-", "--output=json"
    created: dict[str, Any] = json.loads(cluster.kubectl(*command, stdin=json.dumps(issuer)))
    return created


@pytest.mark.parametrize(("pods", "said"), REFUSED)
def test_what_the_manager_refuses_is_not_stored(cluster: ApiServer, pods: dict[str, Any], said: str) -> None:
    with pytest.raises(KubectlFailed) as refusal:
        create(cluster, **pods)
    assert said.partition(":")[0] in str(refusal.value)


def test_a_good_one_is_stored(cluster: ApiServer) -> None:
    templates = ["{pod}.{namespace}.pods.example.com", "{serviceAccount}.{namespace}.svc.example.com"]
    stored = create(cluster, dnsNames=templates, maxDuration="24h", refreshAfter="10m")["spec"]["pods"]
    assert stored["dnsNames"] == templates
    assert stored["usages"] == ["digital signature", "client auth", "server auth"]


def test_an_issuer_of_a_namespace_has_no_such_field(cluster: ApiServer) -> None:
    with pytest.raises(KubectlFailed, match=r'unknown field "spec\.pods"'):
        create(cluster, NAMES.issuer)
