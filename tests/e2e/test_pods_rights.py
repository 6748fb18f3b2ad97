"""Who may ask for a pod's certificate, and who may answer: what the API server refuses to everybody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from entrypoints.issuer import NAMESPACE
from tests.e2e.objects import Objects
from tests.e2e.pods import KIND, Node, on_a_node
from tests.support.cluster.api_server import KubectlFailed
from tests.support.deployed import SERVICE_ACCOUNT, Deployed

MANAGER = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"
NOBODY = "nobody"  # no such issuer: these requests are there to be refused
SIGNER = "example.com/another"


@pytest.fixture
def elsewhere(deployed: Deployed) -> Iterator[Node]:
    """Another node and another namespace, with a pod `app`."""
    with ExitStack() as stack:
        namespace = stack.enter_context(deployed.server.namespace("e2e"))
        node = stack.enter_context(on_a_node(Objects(deployed.server, namespace), namespace))
        node.run(NOBODY)
        yield node


@pytest.mark.parametrize("role", ["admin", "edit"])
def test_a_tenant_asks_for_no_pod_neither_its_own_nor_anothers(node: Node, elsewhere: Node, role: str) -> None:
    """With all rights that a tenant gets in its namespace, those of deploy/rbac included."""
    server, own = node.objects.server, node.objects.namespace
    here = f"--namespace={own}"
    server.kubectl("create", "serviceaccount", "tenant", here)
    server.kubectl("create", "rolebinding", "tenant", f"--clusterrole={role}", f"--serviceaccount={own}:tenant", here)
    tenant = f"--kubeconfig={server.kubeconfig_for(own, 'tenant')}"
    node.run(NOBODY)
    for request in (node.request(NOBODY), elsewhere.request(NOBODY)):
        with pytest.raises(KubectlFailed, match='cannot create resource "podcertificaterequests" in API group'):
            node.send(request, tenant)
    with pytest.raises(KubectlFailed, match='cannot impersonate resource "users"'):
        node.send(node.request(NOBODY), tenant, *node.user)


def test_a_node_asks_for_no_pod_of_another_node(node: Node, elsewhere: Node) -> None:
    theirs = elsewhere.request(NOBODY)
    with pytest.raises(KubectlFailed, match="which is not the requesting node"):
        node.send(theirs)
    theirs["spec"] |= {"nodeName": node.name, "nodeUID": node.objects.get("node", node.name)["metadata"]["uid"]}
    with pytest.raises(KubectlFailed, match="is not running on node"):
        node.send(theirs)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"serviceAccountName": "admin"}, "contains serviceAccountName .* that differs from running pod"),
        ({"serviceAccountUID": "another"}, "names service account UID .* which differs from the running service"),
        ({"podUID": "another"}, "contains pod UID .* which differs from running pod"),
        ({"nodeUID": "another"}, "names node UID .* inconsistent with the running node"),
        ({"signerName": SIGNER}, "does not mount a podCertificate projected volume for signer"),
    ],
)
def test_a_node_says_nothing_but_the_truth_about_its_pods(node: Node, spec: dict[str, Any], why: str) -> None:
    node.run(NOBODY)
    with pytest.raises(KubectlFailed, match=why):
        node.ask(NOBODY, **spec)


def test_the_right_to_sign_is_what_lets_the_status_of_a_pods_request_be_written(node: Node) -> None:
    """Of this rule no audit log knows anything: the API server asks for it by itself, within the write."""
    for name, signer in (("ours", NOBODY), ("another", SIGNER)):
        node.run(signer, name)
        node.ask(signer, pod=name)
    write_status(node, "ours")
    with pytest.raises(KubectlFailed, match=f'is not permitted to "sign" for signer "{SIGNER}"'):
        write_status(node, "another")


def write_status(node: Node, name: str) -> None:
    """As the manager's ServiceAccount."""
    request = node.objects.get(KIND, name)
    failed = {"type": "Failed", "status": "True", "reason": "Test", "message": "written by a test"}
    condition = failed | {"lastTransitionTime": request["metadata"]["creationTimestamp"]}
    metadata = {"name": name, "namespace": node.objects.namespace}
    body = {key: request[key] for key in ("apiVersion", "kind")} | {"metadata": metadata}
    apply = "apply", "--server-side", "--subresource=status", "--filename=-", f"--as={MANAGER}"
    node.objects.server.kubectl(*apply, stdin=json.dumps(body | {"status": {"conditions": [condition]}}))
