"""Which pods get no certificate, what their request and `kubectl describe pod` say, and what is left alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager
from tests.e2e.objects import SECONDS
from tests.e2e.pods import KIND, Node
from tests.integration.step_ca.asking import BY_DEFAULT
from tests.integration.step_ca.server import StepCAServer
from tests.support.cluster.fixtures import built
from tests.support.cluster.waiting import wait_until
from tests.support.programs import STEP_CA
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import est
from tests.support.remote.relay import in_background

pytestmark = pytest.mark.usefixtures("manager")


def test_an_issuer_without_spec_pods_signs_for_none(node: Node) -> None:
    issuer = node.ready({"token": "not a real one"})
    node.run(issuer)
    node.ask(issuer)
    message = "The issuer gives no certificates to pods: it has no spec.pods"
    assert_denied(node, "PodCertificatesNotEnabled", message)


@pytest.mark.parametrize("listed", ["elsewhere/*", "*/another", "elsewhere/app"])
def test_a_service_account_that_is_not_listed(node: Node, listed: str) -> None:
    issuer = node.issuer(serviceAccounts=[listed])
    node.run(issuer)
    node.ask(issuer)
    message = "spec.pods.serviceAccounts of the issuer does not list the pod's ServiceAccount: "
    assert_denied(node, "ServiceAccountNotAllowed", f"{message}{node.objects.namespace}/app")


def test_one_that_is_listed_gets_its_certificate(node: Node) -> None:
    issuer = node.issuer(serviceAccounts=["elsewhere/*", f"{node.objects.namespace}/app"])
    node.run(issuer)
    node.ask(issuer)
    node.answered("Issued", "Issued")


def test_annotations_that_nobody_has_verified(node: Node) -> None:
    issuer = node.issuer()
    node.run(issuer)
    node.ask(issuer, unverifiedUserAnnotations={"example.com/role": "admin"})
    message = "This signer knows no userAnnotations; remove them from the pod's volume: example.com/role"
    assert_denied(node, "InvalidUnverifiedUserAnnotations", message)


def test_a_pod_whose_name_is_no_label_gets_no_dns_name(node: Node) -> None:
    """Of a pod `app.team-b` the name would be that of a pod `app` in the namespace team-b."""
    issuer = node.issuer(dnsNames=["{pod}.{namespace}.pods.example.com"])
    node.run(issuer, "app.team-b")
    node.ask(issuer, pod="app.team-b")
    label = "{pod} is 'app.team-b', and a label of a DNS name has no dot and at most 63 characters"
    message = f"spec.pods.dnsNames of the issuer makes no DNS name for this pod: {label}"
    assert_denied(node, "NoDNSName", message, "app.team-b")


def test_an_issuer_of_a_namespace_signs_for_no_pods(node: Node) -> None:
    signer = f"{NAMES.issuers}.{NAMES.group}/{node.objects.namespace}.issuer"
    node.objects.apply(node.objects.secret(), node.objects.issuer())
    node.run(signer)
    node.ask(signer)
    denied = node.answered("Denied", "SignerNotServed")["conditions"][0]
    assert denied["message"].startswith("No issuer can sign for pods by this name: ")
    assert_denied(node, "SignerNotServed", denied["message"])


def test_a_signer_that_takes_its_names_from_the_csr_says_so(node: Node, tmp_path: Path) -> None:
    """As soon as the issuer is Ready, like every other answer; before that, the request waits."""
    node.run(node.objects.namespace)
    node.ask(node.objects.namespace)
    node.objects.wait_for_event("Pod", "app", "Pending")
    with in_background(est(tmp_path)) as ca:
        secret = {"username": USERNAME, "password": PASSWORD, "ca.crt": https.ROOT.pem.decode()}
        node.ready(secret, url=ca.url, est={}, pods=ANY)
        said = "EST sends the CA a CSR and no names besides (RFC 7030 section 4.2.1)"
        assert_denied(node, "SignerCannotSetNames", f"The issuer's signer cannot sign for pods: {said}")
        assert "simpleenroll" not in ca.asked


def test_so_does_step_ca(node: Node, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    program = built(pytestconfig, STEP_CA.name, STEP_CA.ensure, "install Go")
    with StepCAServer(program, tmp_path).running() as ca:
        secret = {name: value.decode() for name, value in BY_DEFAULT.items()}
        issuer = node.ready(secret, url=ca.url, stepCA={"provisioner": "jwk"}, pods=ANY)
        node.run(issuer)
        node.ask(issuer)
        said = "it asks step-ca for the names of the CSR, and a pod's CSR has none"
        assert_denied(node, "SignerCannotSetNames", f"The issuer's signer cannot sign for pods: {said}")


# Waiting


def test_kubectl_describe_pod_says_what_a_pod_waits_for(node: Node) -> None:
    name = node.objects.namespace
    node.run(name)
    node.ask(name)
    waits = f"Waiting for the issuer: {NAMES.cluster_issuer} {name} not found"
    assert node.objects.wait_for_event("PodCertificateRequest", "app", "Pending")["note"] == waits
    assert node.objects.wait_for_event("Pod", "app", "Pending")["note"] == waits
    assert waits in node.objects.server.kubectl("describe", "pod", "app", f"--namespace={name}")
    assert node.objects.get(KIND, "app").get("status", {}) == {}

    node.issuer()
    node.answered("Issued", "Issued")


# Left alone


def test_a_request_that_is_being_deleted_is_left_alone(node: Node) -> None:
    name = node.objects.namespace
    node.run(name)
    request = node.request(name)
    request["metadata"]["finalizers"] = ["example.com/kept"]
    node.send(request)
    node.objects.wait_for_event("PodCertificateRequest", "app", "Pending")
    delete(node, KIND, "app", "--wait=false")

    after_it(node)
    left = node.objects.get(KIND, "app")
    assert left["metadata"]["deletionTimestamp"]
    assert left.get("status", {}) == {}
    free = '--patch={"metadata":{"finalizers":null}}'
    node.objects.server.kubectl("patch", KIND, "app", f"--namespace={name}", "--type=merge", free)


def test_a_request_goes_with_its_pod(node: Node, manager: Manager) -> None:
    name = node.objects.namespace
    node.run(name)
    node.ask(name)
    node.objects.wait_for_event("PodCertificateRequest", "app", "Pending")
    delete(node, "pod", "app", "--force", "--grace-period=0")
    wait_until(lambda: not names(node), SECONDS, "the request is collected with its pod")

    after_it(node)
    assert names(node) == [f"{KIND}.certificates.k8s.io/later"]
    assert not [each for each in node.objects.events("PodCertificateRequest", "app") if each["reason"] != "Pending"]
    manager.process.check()


ANY: dict[str, Any] = {"trustDomain": "example.com", "serviceAccounts": ["*/*"]}


def assert_denied(node: Node, reason: str, message: str, name: str = "app") -> None:
    """With nothing but the condition; an Event says the same. On the pod the kubelet says it."""
    status = node.answered("Denied", reason, name)
    assert status.keys() == {"conditions"}
    assert (status["conditions"][0]["status"], status["conditions"][0]["message"]) == ("True", message)
    event = node.objects.wait_for_event("PodCertificateRequest", name, reason)
    assert (event["type"], event["note"]) == ("Warning", message)


def after_it(node: Node) -> None:
    """Returns when a later request has been signed, and so whatever came before has been looked at."""
    node.issuer()
    node.run(node.objects.namespace, "later")
    node.ask(node.objects.namespace, pod="later")
    node.answered("Issued", "Issued", "later")


def delete(node: Node, kind: str, name: str, *flags: str) -> None:
    node.objects.server.kubectl("delete", kind, name, f"--namespace={node.objects.namespace}", *flags)


def names(node: Node) -> list[str]:
    """Of all requests of the namespace."""
    return node.objects.server.kubectl("get", KIND, f"--namespace={node.objects.namespace}", "--output=name").split()
