"""Who may do what, asked of the API server as it would ask itself: by SubjectAccessReview.

cert-manager's webhook asks for `approve` in the same way (test_approval.py); `sign` is what the API server checks on
every status write of a CertificateSigningRequest.
"""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import Objects, signing_request
from tests.support import pki
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.cert_manager import may_approve
from tests.support.deployed import SERVICE_ACCOUNT, Deployed

OURS = [f"{NAMES.issuers}.{NAMES.group}/*", f"{NAMES.cluster_issuers}.{NAMES.group}/*"]
MANAGER = f"system:serviceaccount:{NAMESPACE}:{SERVICE_ACCOUNT}"


@pytest.mark.parametrize("signer", OURS)
def test_cert_manager_may_approve_requests_for_our_signers(deployed: Deployed, signer: str) -> None:
    assert may_approve(deployed.server, signer)


def test_that_right_ends_with_our_signers(deployed: Deployed) -> None:
    assert not may_approve(deployed.server, "issuers.example.com/*")


@pytest.mark.parametrize(
    ("allowed", "group", "resource", "subresource", "verb", "name"),
    [
        (True, "certificates.k8s.io", "signers", "", "sign", f"{NAMES.cluster_issuers}.{NAMES.group}/*"),
        (True, "certificates.k8s.io", "signers", "", "sign", f"{NAMES.issuers}.{NAMES.group}/*"),
        (True, "authorization.k8s.io", "subjectaccessreviews", "", "create", ""),
        (False, NAMES.group, "signers", "", "reference", ""),
        (False, "certificates.k8s.io", "signers", "", "sign", "kubernetes.io/kube-apiserver-client"),
        (False, "certificates.k8s.io", "signers", "", "approve", f"{NAMES.cluster_issuers}.{NAMES.group}/*"),
        (False, "certificates.k8s.io", "certificatesigningrequests", "approval", "update", ""),
        (False, "cert-manager.io", "signers", "", "approve", f"{NAMES.issuers}.{NAMES.group}/*"),
        (True, "certificates.k8s.io", "signers", "", "attest", f"{NAMES.cluster_issuers}.{NAMES.group}/*"),
        (False, "certificates.k8s.io", "signers", "", "attest", f"{NAMES.issuers}.{NAMES.group}/*"),
        (False, "certificates.k8s.io", "signers", "", "attest", "kubernetes.io/kube-apiserver-serving"),
        (False, "certificates.k8s.io", "clustertrustbundles", "", "deletecollection", ""),
        (True, "cert-manager.io", "certificaterequests", "status", "patch", ""),
        (False, "cert-manager.io", "certificaterequests", "", "delete", ""),
        (False, "", "secrets", "", "delete", ""),
        (False, "", "secrets", "", "update", ""),
    ],
)
def test_the_manager_may_do_its_work_and_no_more(
    deployed: Deployed, allowed: bool, group: str, resource: str, subresource: str, verb: str, name: str
) -> None:
    asked = {"group": group, "resource": resource, "subresource": subresource, "verb": verb, "name": name}
    assert may(deployed, asked) is allowed


def test_the_manager_creates_secrets_in_its_own_namespace_alone(deployed: Deployed) -> None:
    create = {"resource": "secrets", "verb": "create"}
    assert may(deployed, create | {"namespace": NAMESPACE})
    assert not may(deployed, create | {"namespace": "default"})


@pytest.mark.parametrize(
    ("allowed", "verb", "namespace", "name"),
    [
        (True, "get", NAMESPACE, NAMES.controller),
        (True, "update", NAMESPACE, NAMES.controller),
        (True, "create", NAMESPACE, ""),
        (False, "get", NAMESPACE, "another"),
        (False, "update", NAMESPACE, "another"),
        (False, "delete", NAMESPACE, NAMES.controller),
        (False, "create", "default", ""),
        (False, "update", "kube-system", "kube-controller-manager"),
    ],
)
def test_the_manager_writes_its_own_lease_alone(
    deployed: Deployed, allowed: bool, verb: str, namespace: str, name: str
) -> None:
    asked = {"group": "coordination.k8s.io", "resource": "leases"}
    assert may(deployed, {**asked, "verb": verb, "namespace": namespace, "name": name}) is allowed


def test_the_right_to_sign_is_what_lets_the_status_of_a_signing_request_be_written(deployed: Deployed) -> None:
    """Of this rule no audit log knows anything: the API server asks for it by itself, within the write."""
    write_status(deployed, f"{NAMES.cluster_issuers}.{NAMES.group}/nobody")
    write_status(deployed, f"{NAMES.issuers}.{NAMES.group}/nowhere.nobody")
    with pytest.raises(KubectlFailed, match="not permitted to sign requests with signerName"):
        write_status(deployed, "example.com/another")


def write_status(deployed: Deployed, signer: str) -> None:
    """Has the manager's ServiceAccount write the status of a new CertificateSigningRequest for this signer."""
    name, kubectl = f"rbac-{uuid4().hex[:8]}", deployed.server.kubectl
    request = signing_request(name, pki.csr(), "nobody")
    request["spec"]["signerName"] = signer
    Objects(deployed.server, "default").apply(request)
    failed = {"type": "Failed", "status": "True", "reason": "Test", "message": "written by a test"}
    status = {"apiVersion": request["apiVersion"], "kind": request["kind"], "metadata": {"name": name}}
    body = json.dumps(status | {"status": {"conditions": [failed]}})
    try:
        kubectl("apply", "--server-side", "--subresource=status", "--filename=-", f"--as={MANAGER}", stdin=body)
    finally:
        kubectl("delete", "csr", name)


def may(deployed: Deployed, asked: dict[str, str]) -> bool:
    return deployed.server.may(MANAGER, asked)
