"""What a pod gets whose kubelet asks for a certificate: the identity that the API server has verified, and its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from domain.model import Issued
from tests.e2e.conftest import Manager
from tests.e2e.pods import KIND, ROOT, TRUST_DOMAIN, Node
from tests.integration.step_ca.asking import BY_HONOURING
from tests.integration.step_ca.server import StepCAServer
from tests.support import openssl, pki
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.fixtures import built
from tests.support.programs import STEP_CA

pytestmark = pytest.mark.usefixtures("manager")

HOUR = 3600
EVERYTHING = pki.csr(
    common_name="admin",
    dns=["kubernetes.default"],
    ips=["10.0.0.1"],
    uris=[f"spiffe://{TRUST_DOMAIN}/ns/kube-system/sa/admin"],
    emails=["admin@example.com"],
    extensions=[
        (x509.BasicConstraints(ca=True, path_length=None), True),
        (pki.usage("key_cert_sign", "crl_sign"), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False),
    ],
)


def leaf_of(status: dict[str, Any]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(status["certificateChain"].encode())


def issued(node: Node, name: str = "app") -> dict[str, Any]:
    return node.answered("Issued", "Issued", name)


@pytest.mark.parametrize("kind", ["rsa3072", "rsa4096", "p256", "p384", "p521", "ed25519"])
def test_a_pod_gets_the_identity_of_its_service_account_for_each_type_of_key(node: Node, kind: str) -> None:
    issuer = node.issuer()
    node.run(issuer)
    node.ask(issuer, pki.stub_csr(pki.key(kind)))
    status = issued(node)
    leaf = leaf_of(status)

    assert spki(leaf.public_key()) == spki(pki.key(kind).public_key())
    assert leaf.subject == x509.Name([])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names.critical
    assert list(names.value) == [x509.UniformResourceIdentifier(identity(node, "app"))]
    answer = Issued(chain=status["certificateChain"].encode())
    assert openssl.refusal(answer, datetime.now(UTC), trusted=ROOT.pem) == ""
    assert node.objects.wait_for_event("PodCertificateRequest", "app", "Issued")["note"] == "Signed"


def test_of_the_stub_request_only_the_key_is_used(node: Node) -> None:
    issuer = node.issuer()
    node.run(issuer, account="billing")
    node.ask(issuer, EVERYTHING)
    leaf = leaf_of(issued(node))

    assert spki(leaf.public_key()) == spki(pki.key().public_key())
    assert leaf.subject == x509.Name([])
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.UniformResourceIdentifier(identity(node, "billing"))]
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value == pki.usage("digital_signature")
    purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


@pytest.mark.parametrize(
    ("asked", "allowed", "seconds"),
    [
        ({}, {}, 24 * HOUR),  # the API server's default for maxExpirationSeconds
        ({"maxExpirationSeconds": HOUR}, {}, HOUR),
        ({"maxExpirationSeconds": 7 * HOUR + 1}, {"maxDuration": "90h"}, 7 * HOUR + 1),
        ({"maxExpirationSeconds": 24 * HOUR}, {"maxDuration": "1h30m"}, 5400),
        ({"maxExpirationSeconds": 91 * 24 * HOUR}, {"maxDuration": "1h"}, HOUR),
    ],
)
def test_a_certificate_lasts_as_long_as_both_allow_to_the_second(
    node: Node, asked: dict[str, Any], allowed: dict[str, str], seconds: int
) -> None:
    issuer = node.issuer(**allowed)
    node.run(issuer)
    node.ask(issuer, **asked)
    status = issued(node)
    leaf, lasts = leaf_of(status), timedelta(seconds=seconds)

    begins, refreshed, ends = (datetime.fromisoformat(status[at]) for at in ("notBefore", "beginRefreshAt", "notAfter"))
    assert (begins, ends) == (leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    assert ends - begins == lasts
    assert lasts * 0.61 < refreshed - begins < lasts * 0.72


def test_the_issuer_says_when_a_certificate_is_renewed(node: Node) -> None:
    issuer = node.issuer(refreshAfter="11m")
    node.run(issuer)
    node.ask(issuer)
    status = issued(node)
    begins, refreshed = (datetime.fromisoformat(status[at]) for at in ("notBefore", "beginRefreshAt"))
    assert refreshed - begins == timedelta(minutes=11)


def test_dns_names_are_made_by_the_issuers_templates(node: Node) -> None:
    issuer = node.issuer(
        dnsNames=["{pod}.{namespace}.pods.example.com", "{serviceAccount}.{namespace}.svc.example.com"]
    )
    node.run(issuer, "app-1", "billing")
    node.ask(issuer, EVERYTHING, pod="app-1")
    names = leaf_of(issued(node, "app-1")).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [
        x509.UniformResourceIdentifier(identity(node, "billing")),
        x509.DNSName(f"app-1.{node.objects.namespace}.pods.example.com"),
        x509.DNSName(f"billing.{node.objects.namespace}.svc.example.com"),
    ]


def test_step_ca_signs_for_pods(node: Node, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    program = built(pytestconfig, STEP_CA.name, STEP_CA.ensure, "install Go")
    with StepCAServer(program, tmp_path).running() as ca:
        secret = {name: value.decode() for name, value in BY_HONOURING.items()}
        pods = {"trustDomain": TRUST_DOMAIN, "serviceAccounts": ["*/*"]}
        issuer = node.ready(secret, url=ca.url, stepCA={"provisioner": "jwk-honouring"}, pods=pods)
        node.run(issuer)
        node.ask(issuer)
        leaf = leaf_of(issued(node))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert (leaf.subject, names.critical) == (x509.Name([]), True)
    assert list(names.value) == [x509.UniformResourceIdentifier(identity(node, "app"))]


def test_an_answer_is_final_for_the_server_and_for_the_manager(node: Node, manager: Manager) -> None:
    issuer = node.issuer()
    node.run(issuer)
    node.ask(issuer)
    issued(node)
    before = node.objects.get(KIND, "app")
    patch = "patch", KIND, "app", f"--namespace={node.objects.namespace}", "--subresource=status", "--type=merge"
    again = '--patch={"status":{"certificateChain":"","conditions":[]}}'
    with pytest.raises(KubectlFailed, match=r'PodCertificateRequest "app" is invalid'):
        node.objects.server.kubectl(*patch, again)

    manager.process.stop()
    manager.start()
    node.ask(issuer, name="later")
    issued(node, "later")
    assert node.objects.get(KIND, "app") == before
    assert manager.process.log.read_text().count(f"PodCertificateRequest {node.objects.namespace}/app: ") == 1


def identity(node: Node, account: str) -> str:
    return f"spiffe://{TRUST_DOMAIN}/ns/{node.objects.namespace}/sa/{account}"


def spki(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded
