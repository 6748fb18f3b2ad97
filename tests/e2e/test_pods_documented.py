"""The example of deploy/PODS.md as it stands there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from cryptography import x509

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e import pods
from tests.e2e.objects import SECONDS, Objects
from tests.e2e.pods import ISSUING, ROOT, Node
from tests.support import readme
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed

pytestmark = pytest.mark.usefixtures("manager")

FILE, HEADING = "deploy/PODS.md", "## A complete example"
SHOP = "shop"


def example() -> tuple[dict[str, Any], dict[str, Any]]:
    """The issuer and the pod."""
    issuer, pod = (yaml.safe_load(block) for block in readme.yaml(FILE, HEADING))
    return issuer, pod


@pytest.fixture
def node(deployed: Deployed) -> Iterator[Node]:
    server = deployed.server
    server.kubectl("create", "namespace", SHOP)
    with pods.on_a_node(Objects(server, SHOP), SHOP) as node:
        yield node
    server.kubectl("delete", "namespace", SHOP, "--wait=false")
    server.kubectl("delete", NAMES.cluster_issuer, example()[0]["metadata"]["name"], "--ignore-not-found")


def test_the_pod_gets_what_the_example_says(node: Node, deployed: Deployed) -> None:
    issuer, pod = example()
    secret = {"tls.crt": (ISSUING.pem + ROOT.pem).decode(), "tls.key": ISSUING.key_pem.decode()}
    Objects(deployed.server, NAMESPACE).apply(
        Objects(deployed.server, NAMESPACE).secret(issuer["spec"]["authSecretName"], **secret), issuer
    )
    account = {"name": pod["spec"]["serviceAccountName"], "namespace": SHOP}
    pod["spec"]["nodeName"] = node.name
    node.objects.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}, pod)
    certificate, bundle = pod["spec"]["volumes"][0]["projected"]["sources"]
    name = pod["metadata"]["name"]

    node.ask(certificate["podCertificate"]["signerName"], pod=name)

    leaf = x509.load_pem_x509_certificate(node.answered("Issued", "Issued", name)["certificateChain"].encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    identity = f"spiffe://example.org/ns/{SHOP}/sa/{account['name']}"
    assert list(names) == [x509.UniformResourceIdentifier(identity)]
    assert identity in readme.prose(FILE)
    get = "get", "clustertrustbundle", bundle["clusterTrustBundle"]["name"], "--ignore-not-found"
    published = "--output=jsonpath={.spec.trustBundle}"
    trusted = wait_until(lambda: deployed.server.kubectl(*get, published), SECONDS, "the bundle is published")
    assert x509.load_pem_x509_certificates(trusted.encode()) == [ROOT.certificate]
