"""Who may approve a request, as cert-manager's webhook enforces it, and what else that webhook refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.cert_manager import CertManager
from tests.support.cluster.fixtures import required
from tests.support.deployed import Deployed

APPROVER = f"{NAMES.controller}-cert-manager-approver"
pytestmark = pytest.mark.usefixtures("manager")


@pytest.fixture
def objects(deployed: Deployed, cert_manager: CertManager, namespace: str) -> Objects:
    """With an issuer `issuer` that is Ready."""
    required(cert_manager.webhook, "cert-manager's webhook")
    objects = Objects(deployed.server, namespace)
    objects.apply(objects.secret(), objects.issuer())
    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    return objects


@pytest.fixture
def tenant(objects: Objects) -> str:
    """A user who may do all that there is with requests of the namespace, their status included."""
    name = f"{objects.namespace}-tenant"
    kubectl, here = objects.server.kubectl, f"--namespace={objects.namespace}"
    requests = "--resource=certificaterequests.cert-manager.io,certificaterequests.cert-manager.io/status"
    kubectl("create", "role", "tenant", "--verb=*", requests, here)
    kubectl("create", "rolebinding", "tenant", "--role=tenant", f"--user={name}", here)
    return name


@pytest.fixture
def let_cert_manager_approve(objects: Objects) -> Iterator[Callable[[], None]]:
    """Until this is called, cert-manager has the rights of its own chart alone."""
    kubectl = objects.server.kubectl
    binding = json.loads(kubectl("get", "clusterrolebinding", APPROVER, "--output=json"))
    kept = {key: binding[key] for key in ("apiVersion", "kind", "roleRef", "subjects")}
    kubectl("delete", "clusterrolebinding", APPROVER)

    def give() -> None:
        objects.server.apply([{**kept, "metadata": {"name": APPROVER, "labels": binding["metadata"]["labels"]}}])

    yield give
    give()


def test_a_request_is_approved_as_soon_as_cert_manager_may(
    objects: Objects, let_cert_manager_approve: Callable[[], None]
) -> None:
    objects.apply(objects.request("app", pki.csr()))
    objects.wait_for_event("CertificateRequest", "app", "WaitingForApproval")
    assert objects.get("certificaterequest", "app").get("status", {}) == {}
    let_cert_manager_approve()
    objects.wait_for_reason("certificaterequest", "app", "Issued")
    assert objects.condition("certificaterequest", "app", "Approved")["reason"] == "cert-manager.io"


@pytest.mark.usefixtures("nobody_approves")
@pytest.mark.parametrize("verdict", ["Approved", "Denied"])
def test_a_tenant_cannot_approve(objects: Objects, tenant: str, verdict: str) -> None:
    objects.apply(objects.request("app", pki.csr()))
    condition = {"type": verdict, "status": "True", "reason": "Tenant", "message": "by the tenant"}
    with pytest.raises(KubectlFailed, match=f"{tenant}.* does not have permissions to set approved/denied conditions"):
        write_status(objects, tenant, {"conditions": [condition]})
    objects.wait_for_event("CertificateRequest", "app", "WaitingForApproval")
    assert "certificate" not in objects.get("certificaterequest", "app").get("status", {})


@pytest.mark.usefixtures("nobody_approves")
def test_a_tenant_cannot_ask_in_the_name_of_another(objects: Objects, tenant: str) -> None:
    request = objects.request("app", pki.csr(), username="admin", groups=["system:masters"])
    objects.server.kubectl("create", "--filename=-", f"--as={tenant}", stdin=json.dumps(request))
    spec = objects.get("certificaterequest", "app")["spec"]
    assert (spec["username"], spec["groups"]) == (tenant, ["system:authenticated"])


def test_a_request_without_a_kind_is_told_that_nobody_can_approve_it(objects: Objects) -> None:
    """cert-manager's webhook refuses every approval of it."""
    objects.apply(objects.request("app", pki.csr(), issuerRef={"group": NAMES.group, "name": "issuer"}))
    event = objects.wait_for_event("CertificateRequest", "app", "WaitingForApproval")
    assert (
        f"it reads a missing spec.issuerRef.kind as Issuer, which API group {NAMES.group} does not have"
        in event["note"]
    )
    assert f"Set the kind to {NAMES.issuer}" in event["note"]


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "text that is no CSR": ({"request": "bm8gQ1NS"}, "spec.request: Invalid value"),
    "an unknown usage": ({"usages": ["dancing"]}, "spec.usages"),
    "the issuer without a name": ({"issuerRef": {"group": NAMES.group, "name": ""}}, "spec.issuerRef.name: Required"),
}


@pytest.mark.parametrize(("spec", "refusal"), BROKEN.values(), ids=BROKEN)
def test_a_broken_request_is_refused_when_it_is_made(objects: Objects, spec: dict[str, Any], refusal: str) -> None:
    request = objects.request("app", pki.csr())
    request["spec"] |= spec
    with pytest.raises(KubectlFailed, match=refusal):
        objects.apply(request)


def test_a_certificate_without_any_name_is_refused_when_it_is_made(objects: Objects) -> None:
    with pytest.raises(KubectlFailed, match=r"at least one of commonName .* dnsNames"):
        objects.apply(objects.certificate("app", dnsNames=[]))


def write_status(objects: Objects, user: str, status: dict[str, Any]) -> None:
    path = "certificaterequest", "app", f"--namespace={objects.namespace}"
    patch = f"--patch={json.dumps({'status': status})}"
    objects.server.kubectl("patch", *path, "--subresource=status", "--type=merge", patch, f"--as={user}")
