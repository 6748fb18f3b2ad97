"""Kubernetes' own certificates for pods, as the kubelet of this node deals with them: asked for, waited for, mounted.

The test is the signer. Which Kubernetes has it: PodCertificateRequest and ClusterTrustBundle of
certificates.k8s.io/v1, served by default since 1.37.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.e2e.objects import Objects
from tests.k3s.image import ROOT
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until

SECONDS = 60
SIGNER = "pods.example.com/ca"
CA = pki.authority("for pods")
TRUST: dict[str, Any] = {
    "apiVersion": "certificates.k8s.io/v1",
    "kind": "ClusterTrustBundle",
    "metadata": {"name": "pods.example.com:ca:root"},
    "spec": {"signerName": SIGNER, "trustBundle": CA.pem.decode()},
}
TELL = """
import ssl
context = ssl.create_default_context(cafile="/pki/ca.crt")
context.load_cert_chain("/pki/credentials.pem")
print(context.get_ca_certs(binary_form=True)[0].hex())
"""


def test_a_pod_is_given_the_certificate_that_its_kubelet_asks_for_and_the_trust(
    api_server: ApiServer, image: str
) -> None:
    with api_server.namespace("pod-certificates") as namespace:
        objects = Objects(api_server, namespace)
        objects.apply(TRUST, *pod(namespace, image))
        request = wait_until(lambda: requests(objects), SECONDS, "the kubelet asks for the certificate")[0]
        assert (request["spec"]["podName"], request["spec"]["signerName"]) == ("app", SIGNER)
        sign(objects, request)
        own = f"--namespace={namespace}"
        api_server.kubectl("wait", "pod/app", own, "--for=jsonpath={.status.phase}=Succeeded", f"--timeout={SECONDS}s")
        assert api_server.kubectl("logs", "app", own).strip() == CA.certificate.public_bytes(Encoding.DER).hex()


def pod(namespace: str, image: str) -> list[dict[str, Any]]:
    """And its ServiceAccount, since the namespace's default one may not be there yet."""
    sources = [
        {"podCertificate": {"signerName": SIGNER, "keyType": "ECDSAP256", "credentialBundlePath": "credentials.pem"}},
        {"clusterTrustBundle": {"name": TRUST["metadata"]["name"], "path": "ca.crt"}},
    ]
    container = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "Never",
        "command": [f"/{ROOT}/bin/python", "-c", TELL],
        "volumeMounts": [{"name": "pki", "mountPath": "/pki"}],
    }
    spec = {
        "serviceAccountName": "app",
        "containers": [container],
        "restartPolicy": "Never",
        "volumes": [{"name": "pki", "projected": {"sources": sources}}],
    }
    both = {"apiVersion": "v1", "metadata": {"name": "app", "namespace": namespace}}
    return [{**both, "kind": "ServiceAccount"}, {**both, "kind": "Pod", "spec": spec}]


def requests(objects: Objects) -> list[dict[str, Any]]:
    listed = objects.server.kubectl(
        "get", "podcertificaterequests", f"--namespace={objects.namespace}", "--output=json"
    )
    found: list[dict[str, Any]] = json.loads(listed)["items"]
    return found


def sign(objects: Objects, request: dict[str, Any]) -> None:
    """As the signer: what the API server wants in the status beside the chain must agree with it."""
    begins = datetime.now(UTC).replace(microsecond=0)
    refreshed, ends = begins + timedelta(minutes=30), begins + timedelta(hours=1)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(pki.name("app"))
        .issuer_name(CA.certificate.subject)
        .public_key(x509.load_der_x509_csr(base64.b64decode(request["spec"]["stubPKCS10Request"])).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
        .sign(CA.key, SHA256())
    )
    issued = {"type": "Issued", "status": "True", "reason": "Test", "message": "", "lastTransitionTime": told(begins)}
    status = {
        "conditions": [issued],
        "certificateChain": leaf.public_bytes(Encoding.PEM).decode(),
        "notBefore": told(begins),
        "beginRefreshAt": told(refreshed),
        "notAfter": told(ends),
    }
    name = request["metadata"]["name"]
    patch = "patch", "podcertificaterequest", name, f"--namespace={objects.namespace}", "--subresource=status"
    objects.server.kubectl(*patch, "--type=merge", f"--patch={json.dumps({'status': status})}")


def told(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
