"""Requests that name their issuer in another way than by group, kind and name, in a real cluster."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects, signing_request
from tests.support import pki
from tests.support.deployed import Deployed

pytestmark = pytest.mark.usefixtures("manager")


@pytest.fixture
def objects(deployed: Deployed, namespace: str) -> Objects:
    """With an issuer `issuer.of.ours` that is Ready."""
    objects = Objects(deployed.server, namespace)
    objects.apply(objects.secret(), objects.issuer("issuer.of.ours"))
    objects.wait_for_reason(NAMES.issuer, "issuer.of.ours", "Checked")
    return objects


@pytest.fixture
def requesters(objects: Objects) -> Iterator[tuple[str, str]]:
    """Two users who may create CertificateSigningRequests, of whom the first may reference the issuer."""
    first, second = (f"{objects.namespace}-{name}" for name in ("anna", "bert"))
    kubectl, role = objects.server.kubectl, objects.namespace
    kubectl("create", "clusterrole", role, "--verb=create", "--resource=certificatesigningrequests")
    users = f"--user={first}", f"--user={second}"
    kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", *users)
    objects.let_reference(first, "issuer.of.ours")
    yield first, second
    kubectl("delete", f"clusterrole/{role}", f"clusterrolebinding/{role}", f"csr/{first}", f"csr/{second}")


def test_a_requester_needs_the_right_to_reference_an_issuer_of_a_namespace(
    objects: Objects, requesters: tuple[str, str]
) -> None:
    signer = f"{NAMES.issuers}.{NAMES.group}/{objects.namespace}.issuer.of.ours"
    for user in requesters:
        request = signing_request(user, pki.csr(dns=["csr.example.com"]), signer)
        objects.server.kubectl("create", "--filename=-", f"--as={user}", stdin=json.dumps(request))
    objects.server.kubectl("certificate", "approve", *requesters)
    may, may_not = requesters
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=20s", "csr", may)
    failed = objects.wait_for_reason("csr", may_not, "DeniedReference", "Failed")
    assert f"user '{may_not}' is not allowed the verb reference" in failed["message"]
    assert f"namespace {objects.namespace}, resourceName issuer.of.ours" in failed["message"]
    assert "certificate" not in objects.get("csr", may_not)["status"]


def by(objects: Objects, **reference: str) -> dict[str, Any]:
    return objects.request("app", pki.csr(), issuerRef={"group": NAMES.group, "name": "issuer.of.ours", **reference})


@pytest.mark.usefixtures("nobody_approves")
def test_a_request_to_an_unknown_kind_is_told_which_kinds_there_are(objects: Objects) -> None:
    objects.apply(by(objects, kind="SampleIsuer"))
    told = objects.wait_for_reason("certificaterequest", "app", "Pending")
    assert told["status"] == "False"
    assert f"'SampleIsuer' is no kind of {NAMES.group}" in told["message"]
    assert f"which has {NAMES.issuer} and {NAMES.cluster_issuer}" in told["message"]
    assert objects.wait_for_event("CertificateRequest", "app", "Pending")["note"] == told["message"]
