"""Pods get certificates by themselves: their kubelet asks this issuer, and mounts what it signs (Kubernetes 1.37).

The peers that start here go on to the end of the session: test_x509_renewal.py, the last file, sees them renewed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.k3s import applications
from tests.k3s.applications import KEY_TYPES, SECONDS, Application, Peers, is_issued, serial
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until

TURN = len(KEY_TYPES)
REST = "import signal; signal.pause()"
HERD = 20


@pytest.fixture
def namespace(api_server: ApiServer) -> Iterator[str]:
    with api_server.namespace("pods") as name:
        yield name


def test_pods_of_two_namespaces_know_each_other_by_mutual_tls_without_a_secret(peers: Peers) -> None:
    said = wait_until(lambda: (found := peers.client.said())[TURN - 1 :] and found, SECONDS, "each key pair is used")
    assert [each for each in said if "failed" in each] == []
    for application, role in ((peers.client, "client"), (peers.server, "server")):
        requests = application.requests()
        assert [is_issued(each) for each in requests] == [True] * TURN
        assert {each.get(role) for each in said} == {serial(each) for each in requests}
        assert json.loads(application.kubectl("get", "secrets", "--output=json"))["items"] == []
    peers.client.call_once(peers.address, peers.server.spiffe_id)  # as the tests below do, which are refused


def test_a_client_refuses_a_server_of_another_name(peers: Peers) -> None:
    with pytest.raises(KubectlFailed, match=f"Stranger: the peer is .*{peers.server.spiffe_id}.* should be .*/other"):
        peers.client.call_once(peers.address, peers.server.spiffe_id.replace("/web", "/other"))


def test_a_server_refuses_a_client_of_another_name(peers: Peers) -> None:
    with pytest.raises(KubectlFailed, match="closed the connection without an answer"):
        peers.server.call_once(peers.address, peers.server.spiffe_id)
    refused = f"the peer is (('URI', '{peers.server.spiffe_id}'),), and should be {peers.client.spiffe_id}"
    wait_until(lambda: {"refused": refused} in peers.server.said(), SECONDS, "the server says whom it has refused")


def test_a_server_refuses_a_client_without_a_certificate(peers: Peers) -> None:
    with pytest.raises(KubectlFailed, match=r"SSLError: .* alert certificate required"):
        peers.client.call_once(peers.address, peers.server.spiffe_id, "--anonymous")


def test_a_pod_that_the_issuer_does_not_allow_stays_in_creation_and_an_event_says_why(peers: Peers, image: str) -> None:
    other = Application(peers.server.objects, "other")
    other.run(image, [applications.key_pair(peers.issuer)], REST)
    event = other.wait_for_event("Denied")
    (condition,) = other.requests()[0]["status"]["conditions"]
    assert condition["reason"] == "ServiceAccountNotAllowed"
    assert f"{other.objects.namespace}/other" in condition["message"]
    assert event["deprecatedSource"]["component"] == "kubelet"
    for word in (condition["reason"], condition["message"]):
        assert word in event["note"]
    status = other.status()
    (container,) = status["containerStatuses"]
    assert (status["phase"], container["state"]["waiting"]["reason"]) == ("Pending", "ContainerCreating")


@pytest.mark.usefixtures("pods")
def test_a_pod_waits_for_its_issuer_and_an_event_says_so(api_server: ApiServer, namespace: str, image: str) -> None:
    waiting, issuer = Application(Objects(api_server, namespace), "app"), f"late-{namespace}"
    waiting.run(image, [applications.key_pair(issuer)], REST)
    event = waiting.wait_for_event("Pending")
    assert event["reportingController"] == NAMES.controller
    assert f"{issuer} not found" in event["note"]
    with applications.issuing(api_server, f"{namespace}/app", name=issuer):
        waiting.wait_until_running()


@pytest.mark.usefixtures("pods")
def test_the_roots_of_an_issuer_are_published_until_it_is_deleted(api_server: ApiServer) -> None:
    def published(issuer: str) -> str:
        return api_server.kubectl(
            "get", "clustertrustbundle", applications.bundle(issuer), "--ignore-not-found", "--output=name"
        )

    with applications.issuing(api_server, "somewhere/nobody") as issuer:
        wait_until(lambda: published(issuer), SECONDS, "the bundle is there")
    wait_until(lambda: not published(issuer), SECONDS, "the bundle goes with its issuer")


@pytest.mark.usefixtures("pods")
def test_all_pods_of_a_deployment_may_ask_at_once(api_server: ApiServer, namespace: str, image: str) -> None:
    herd = Application(Objects(api_server, namespace), "herd")
    with applications.issuing(api_server, f"{namespace}/herd") as issuer:
        herd.run_many(HERD, image, [applications.key_pair(issuer)], REST)
        first = asking(herd)
        herd.kubectl("rollout", "restart", "deployment/herd")
        assert len(asking(herd) - first) == HERD


def asking(deployment: Application) -> set[str]:
    """The UIDs of the pods that have asked, once the Deployment is rolled out; all of them have their certificates."""
    deployment.kubectl("rollout", "status", f"deployment/{deployment.name}", f"--timeout={SECONDS}s")
    requests = deployment.requests()
    assert all(is_issued(each) for each in requests)
    return {each["spec"]["podUID"] for each in requests}
