"""What becomes of requests in a real cluster: signed, refused, left alone, healed."""

from __future__ import annotations

import base64
import time
from datetime import timedelta

import pytest
from cryptography import x509

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects, cluster_issuer, signing_request
from tests.support import pki
from tests.support.deployed import Deployed
from tests.support.figures import Report

pytestmark = pytest.mark.usefixtures("manager")


@pytest.fixture
def objects(deployed: Deployed, namespace: str) -> Objects:
    return Objects(deployed.server, namespace)


@pytest.fixture
def ready_issuer(objects: Objects) -> str:
    """An issuer `issuer` that is Ready."""
    objects.apply(objects.secret(), objects.issuer())
    objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
    return "issuer"


@pytest.fixture
def ready_cluster_issuer(objects: Objects) -> str:
    """A cluster issuer that is Ready, called as the namespace."""
    name = objects.namespace
    secret = objects.secret(name)
    secret["metadata"]["namespace"] = NAMESPACE
    objects.apply(secret, cluster_issuer(name, name))
    objects.wait_for_reason(NAMES.cluster_issuer, name, "Checked")
    return name


def test_a_kubernetes_csr_is_signed_once_it_is_approved(objects: Objects, ready_cluster_issuer: str) -> None:
    name = objects.namespace
    objects.apply(signing_request(name, pki.csr(dns=["csr.example.com"]), ready_cluster_issuer))
    event = objects.wait_for_event("CertificateSigningRequest", name, "WaitingForApproval")
    assert f"kubectl certificate approve {name} " in event["note"]
    assert objects.get("csr", name).get("status", {}) == {}
    objects.server.kubectl("certificate", "approve", name)
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=10s", "csr", name)
    chain = base64.b64decode(objects.get("csr", name)["status"]["certificate"])
    leaf = x509.load_pem_x509_certificates(chain)[0]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csr.example.com"]


def test_a_denied_kubernetes_csr_gets_nothing(objects: Objects, ready_cluster_issuer: str) -> None:
    name = objects.namespace
    objects.apply(signing_request(name, pki.csr(), ready_cluster_issuer))
    objects.wait_for_event("CertificateSigningRequest", name, "WaitingForApproval")
    objects.server.kubectl("certificate", "deny", name)
    after_it(objects, ready_cluster_issuer)
    status = objects.get("csr", name)["status"]
    assert [condition["type"] for condition in status["conditions"]] == ["Denied"]
    assert "certificate" not in status


@pytest.mark.usefixtures("nobody_approves")
def test_an_unapproved_request_is_not_signed_and_a_denied_one_is_told_so(objects: Objects, ready_issuer: str) -> None:
    objects.apply(objects.request("app", pki.csr(), ready_issuer))
    event = objects.wait_for_event("CertificateRequest", "app", "WaitingForApproval")
    assert event["note"].endswith(f"{NAMES.issuers}.{NAMES.group}/* or {signer_name(objects, ready_issuer)}")
    assert objects.get("certificaterequest", "app").get("status", {}) == {}
    deny(objects, "app")
    denied = objects.wait_for_reason("certificaterequest", "app", "Denied")
    assert denied["status"] == "False"
    status = objects.get("certificaterequest", "app")["status"]
    assert "failureTime" in status
    assert "certificate" not in status
    objects.server.kubectl("delete", "certificaterequest", "app", f"--namespace={objects.namespace}")


def test_a_missing_secret_heals_at_once_when_it_is_created(objects: Objects, report: Report) -> None:
    objects.apply(objects.issuer(), objects.request("app", pki.csr()))
    event = objects.wait_for_event(NAMES.issuer, "issuer", "Pending")
    where = f"secret name: {objects.namespace}/credentials"
    why = 'reason: secrets "credentials" not found'
    assert event["note"] == (
        f"Temporary error. Retrying: failed to get Secret containing Issuer credentials, {where}, {why}"
    )
    waiting = objects.wait_for_reason("certificaterequest", "app", "Pending")
    assert "not Ready" in waiting["message"]
    objects.apply(objects.secret())
    created = time.monotonic()
    objects.wait_for_reason("certificaterequest", "app", "Issued")
    report("from the missing Secret to the signed request", time.monotonic() - created)


def test_a_missing_issuer_heals_at_once_when_it_is_created(objects: Objects, report: Report) -> None:
    objects.apply(objects.secret(), objects.request("app", pki.csr()))
    waiting = objects.wait_for_reason("certificaterequest", "app", "Pending")
    assert f"{NAMES.issuer} {objects.namespace}/issuer not found" in waiting["message"]
    objects.apply(objects.issuer())
    created = time.monotonic()
    objects.wait_for_reason("certificaterequest", "app", "Issued")
    report("from the missing issuer to the signed request", time.monotonic() - created)


def test_a_csr_with_a_weak_key_fails_with_a_message_for_people(objects: Objects, ready_issuer: str) -> None:
    """cert-manager's webhook lets it pass: the CSR can be read, and its signature is right."""
    objects.apply(objects.request("app", pki.csr(pki.key("rsa1024")), ready_issuer))
    failed = objects.wait_for_reason("certificaterequest", "app", "Failed")
    assert failed["message"].startswith("The request cannot be signed: spec.request")
    assert "failureTime" in objects.get("certificaterequest", "app")["status"]


def test_a_kubernetes_csr_that_contradicts_itself_gets_a_failed_condition(
    objects: Objects, ready_cluster_issuer: str
) -> None:
    name = objects.namespace
    csr = pki.csr(extensions=[(pki.usage("key_cert_sign"), True)])
    objects.apply(signing_request(name, csr, ready_cluster_issuer))
    objects.server.kubectl("certificate", "approve", name)
    failed = objects.wait_for_reason("csr", name, "Failed", "Failed")
    assert failed["status"] == "True"
    assert "certificate" not in objects.get("csr", name)["status"]


def test_annotations_of_a_kubernetes_csr_ask_for_a_ca_and_a_duration(
    objects: Objects, ready_cluster_issuer: str
) -> None:
    name = objects.namespace
    asked = {
        "experimental.cert-manager.io/request-duration": "72h",
        "experimental.cert-manager.io/request-is-ca": "true",
    }
    objects.apply(signing_request(name, pki.csr(common_name="A CA below"), ready_cluster_issuer, annotations=asked))
    objects.server.kubectl("certificate", "approve", name)
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=10s", "csr", name)
    leaf = x509.load_pem_x509_certificate(base64.b64decode(objects.get("csr", name)["status"]["certificate"]))
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=72)


def test_an_issuer_signs_with_the_ca_of_its_secret(objects: Objects) -> None:
    root = pki.authority("E2E Root")
    secret = objects.secret("ca", **{"tls.crt": root.pem.decode(), "tls.key": root.key_pem.decode()})
    objects.apply(secret, objects.issuer("ca-issuer", "ca", ca={}), objects.certificate("app", "ca-issuer"))
    objects.server.kubectl(
        "wait", "--for=condition=Ready", "--timeout=20s", "certificate", "app", f"--namespace={objects.namespace}"
    )
    data = objects.get("secret", "app")["data"]
    leaf = x509.load_pem_x509_certificate(base64.b64decode(data["tls.crt"]))
    leaf.verify_directly_issued_by(root.certificate)
    assert base64.b64decode(data["ca.crt"]) == root.pem


def test_the_manager_may_restart_at_any_time(
    objects: Objects, manager: Manager, ready_issuer: str, report: Report
) -> None:
    objects.apply(objects.request("before", pki.csr(), ready_issuer))
    objects.wait_for_reason("certificaterequest", "before", "Issued")
    written = objects.get("certificaterequest", "before")["metadata"]["resourceVersion"]
    manager.process.stop()
    objects.apply(objects.request("meanwhile", pki.csr(), ready_issuer))
    started = time.monotonic()
    manager.start()
    objects.wait_for_reason("certificaterequest", "meanwhile", "Issued")
    report("from the manager's start to the request that waited for it", time.monotonic() - started)
    assert objects.get("certificaterequest", "before")["metadata"]["resourceVersion"] == written


def signer_name(objects: Objects, issuer: str) -> str:
    return f"{NAMES.issuers}.{NAMES.group}/{objects.namespace}.{issuer}"


def after_it(objects: Objects, issuer: str) -> None:
    """Returns when a later CSR has been signed, and so whatever came before has been looked at."""
    name = f"{objects.namespace}-later"
    objects.apply(signing_request(name, pki.csr(), issuer))
    objects.server.kubectl("certificate", "approve", name)
    objects.server.kubectl("wait", "--for=jsonpath={.status.certificate}", "--timeout=10s", "csr", name)


def deny(objects: Objects, name: str) -> None:
    denied = '{"type":"Denied","status":"True","reason":"Test","message":"denied by a test"}'
    objects.server.kubectl(
        "patch",
        "certificaterequest",
        name,
        f"--namespace={objects.namespace}",
        "--subresource=status",
        "--type=merge",
        f'--patch={{"status":{{"conditions":[{denied}]}}}}',
    )
