"""approver-policy decides: a policy on our issuers lets requests in or keeps them out, and users see which and why."""

from __future__ import annotations

import json
from pathlib import Path

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.integration.neighbours import examples
from tests.support import pki, readme
from tests.support.cluster.cert_manager import may_approve
from tests.support.tutorial.follow import Reader

INSIDE, OUTSIDE = "app.team-a.svc", "web.team-b.svc"
DENIED = "### A request that is denied"
REFUSAL = (
    f'No policy approved this request: [own-services: spec.allowed.dnsNames.validations[0]: Invalid value: "{OUTSIDE}":'
    " only names of Services in the namespace of the request]"
)


def certificate(tenant: Objects, name: str, dns: str) -> str:
    """Makes it; returns the name of its request."""
    usages = ["digital signature", "key encipherment", "server auth"]
    tenant.apply(tenant.certificate(name, "my-issuer", dnsNames=[dns], usages=usages))
    return f"{name}-1"


def test_a_request_inside_the_policy_is_signed(tenant: Objects) -> None:
    request = certificate(tenant, "app", INSIDE)
    tenant.wait_for_reason("certificate", "app", "Ready")
    approved = tenant.condition("certificaterequest", request, "Approved")
    assert approved["reason"] == "policy.cert-manager.io"
    assert approved["message"] == 'Approved by CertificateRequestPolicy: "own-services"'
    assert tenant.condition("certificaterequest", request)["reason"] == "Issued"


def test_a_request_outside_is_denied_and_says_why(tenant: Objects, tmp_path: Path) -> None:
    request = certificate(tenant, "web", OUTSIDE)
    tenant.wait_for_reason("certificaterequest", request, "Denied")
    status = tenant.get("certificaterequest", request)["status"]
    assert "failureTime" in status
    assert "certificate" not in status
    ours = tenant.wait_for_event("CertificateRequest", request, "Denied")
    events = {each["reportingController"]: each["note"] for each in tenant.events("CertificateRequest", request)}
    assert ours["type"] == "Warning"
    assert events == {"policy.cert-manager.io": REFUSAL, NAMES.controller: "The request was denied by an approver"}
    assert REFUSAL in tenant.wait_for_reason("certificate", "web", "policy.cert-manager.io", "Issuing")["message"]
    reader = Reader(examples.FILE, tmp_path, tenant.server.environment, tmp_path)
    reader.follow(readme.section(examples.FILE, DENIED))


def test_a_request_of_somebody_who_may_use_no_policy_waits(tenant: Objects) -> None:
    here = f"--namespace={tenant.namespace}"
    tenant.server.kubectl(
        "create", "role", "asks", "--verb=create", "--resource=certificaterequests.cert-manager.io", here
    )
    tenant.server.kubectl("create", "rolebinding", "asks", "--role=asks", "--user=somebody", here)
    request = json.dumps(tenant.request("nobodys", pki.csr(dns=[INSIDE]), "my-issuer"))
    tenant.server.kubectl("create", "--as=somebody", "--filename=-", stdin=request)
    tenant.wait_for_event("CertificateRequest", "nobodys", "Unprocessed")
    tenant.wait_for_event("CertificateRequest", "nobodys", "WaitingForApproval")
    assert "status" not in tenant.get("certificaterequest", "nobodys")


def test_cert_manager_may_not_approve(tenant: Objects) -> None:
    assert not may_approve(tenant.server, f"{NAMES.issuers}.{NAMES.group}/*")
