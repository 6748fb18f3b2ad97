"""A node, its pods, and the requests that its kubelet makes for them. No kubelet runs: the test speaks as its user.

The API server compares such a request with the real node, pod and ServiceAccount (admission plugin NodeRestriction).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import SECONDS, Objects, cluster_issuer
from tests.support import pki
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until

KIND = "podcertificaterequest"
TRUST_DOMAIN = "example.com"
ROOT = pki.authority("root of the pods")
ISSUING = pki.authority("CA of the pods", parent=ROOT)
_VERSION = "certificates.k8s.io/v1"


def are_served(server: ApiServer) -> bool:
    """Whether this Kubernetes has PodCertificateRequests in the version that counts."""
    return server.serves(_VERSION, f"{KIND}s")


def signer_name(issuer: str) -> str:
    return f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer}"


@dataclass(frozen=True)
class Node:
    """A node without a kubelet, and the objects of one namespace. `user` are the flags to be its kubelet's user."""

    objects: Objects
    name: str

    @property
    def user(self) -> tuple[str, str]:
        return f"--as=system:node:{self.name}", "--as-group=system:nodes"

    def issuer(self, **pods: Any) -> str:
        """A cluster issuer, called as the namespace, that is Ready and signs for pods with an intermediate CA."""
        chain = (ISSUING.pem + ROOT.pem).decode()
        secret = {"tls.crt": chain, "tls.key": ISSUING.key_pem.decode()}
        pods = {"trustDomain": TRUST_DOMAIN, "serviceAccounts": ["*/*"], **pods}
        return self.ready(secret, ca={}, pods=pods)

    def ready(self, secret: Mapping[str, str], **spec: Any) -> str:
        """Any cluster issuer that is called as the namespace, once it is Ready."""
        name = self.objects.namespace
        self.objects.apply(Objects(self.objects.server, NAMESPACE).secret(name, **secret))
        self.objects.apply(cluster_issuer(name, name, **spec))
        self.objects.wait_for_reason(NAMES.cluster_issuer, name, "Checked")
        return name

    def run(self, issuer: str, name: str = "app", account: str = "app") -> None:
        """A pod on this node that mounts a certificate of this issuer or signerName, with its ServiceAccount."""
        certificate = {"signerName": self._signer(issuer), "keyType": "ECDSAP256", "credentialBundlePath": "pem"}
        spec = {
            "nodeName": self.name,
            "serviceAccountName": account,
            "containers": [{"name": "app", "image": "app.example.com/app"}],
            "volumes": [{"name": "pki", "projected": {"sources": [{"podCertificate": certificate}]}}],
        }
        here = {"namespace": self.objects.namespace}
        self.objects.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {**here, "name": account}})
        self.objects.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {**here, "name": name}, "spec": spec})

    def request(
        self, issuer: str, csr: bytes | None = None, pod: str = "app", name: str = "", **spec: Any
    ) -> dict[str, Any]:
        """What a kubelet sends for a pod of the namespace; the CSR is PEM."""
        running = self.objects.get("pod", pod)
        account = running["spec"]["serviceAccountName"]
        owner = {"apiVersion": "v1", "kind": "Pod", "name": pod, "uid": running["metadata"]["uid"]}
        sent = pki.csr_der(csr or pki.stub_csr())
        known = {
            "signerName": self._signer(issuer),
            "podName": pod,
            "podUID": running["metadata"]["uid"],
            "serviceAccountName": account,
            "serviceAccountUID": self.objects.get("serviceaccount", account)["metadata"]["uid"],
            "nodeName": self.name,
            "nodeUID": self.objects.get("node", self.name)["metadata"]["uid"],
            "stubPKCS10Request": base64.b64encode(sent).decode(),
        }
        metadata = {"name": name or pod, "namespace": self.objects.namespace, "ownerReferences": [owner]}
        return {"apiVersion": _VERSION, "kind": "PodCertificateRequest", "metadata": metadata, "spec": known | spec}

    def send(self, request: dict[str, Any], *user: str) -> None:
        """As this node's kubelet, or as another user; again while admission has not seen the new objects yet."""

        def is_taken() -> bool:
            try:
                create = "create", "--validate=false", "--filename=-", *(user or self.user)  # the API server validates
                self.objects.server.kubectl(*create, stdin=json.dumps(request))
            except KubectlFailed as refusal:
                if "while retrieving" in str(refusal):
                    return False
                raise
            return True

        wait_until(is_taken, SECONDS, f"the API server takes the request for pod {request['spec']['podName']}")

    def ask(self, issuer: str, csr: bytes | None = None, pod: str = "app", name: str = "", **spec: Any) -> None:
        self.send(self.request(issuer, csr, pod, name, **spec))

    def answered(self, type_: str, reason: str, name: str = "app") -> dict[str, Any]:
        """The whole status, once its only condition is this."""
        self.objects.wait_for_reason(KIND, name, reason, type_)
        status: dict[str, Any] = self.objects.get(KIND, name)["status"]
        assert [each["type"] for each in status["conditions"]] == [type_]
        return status

    def _signer(self, issuer: str) -> str:
        return issuer if "/" in issuer else signer_name(issuer)


@contextmanager
def on_a_node(objects: Objects, name: str) -> Iterator[Node]:
    objects.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
    try:
        yield Node(objects, name)
    finally:
        objects.server.kubectl("delete", "node", name)
        objects.server.kubectl("delete", NAMES.cluster_issuer, objects.namespace, "--ignore-not-found")
        secret = "secret", objects.namespace, f"--namespace={NAMESPACE}"
        objects.server.kubectl("delete", *secret, "--ignore-not-found")
