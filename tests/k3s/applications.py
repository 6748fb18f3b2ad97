"""Pods of users, to whom their kubelet brings certificates of a cluster issuer of ours; no Secret is near them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography import x509

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import Objects, cluster_issuer
from tests.k3s import peer
from tests.k3s.image import ROOT
from tests.support import pki
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.waiting import wait_until

SECONDS = 90
DOMAIN = "example.org"
KEY_TYPES = ("ECDSAP256", "ECDSAP384", "ED25519", "RSA3072")
PYTHON = f"/{ROOT}/bin/python"
PROGRAM = Path(peer.__file__).read_text()
Volume = Sequence[Mapping[str, Any]]
"""The sources of a projected volume."""


@dataclass(frozen=True)
class Application:
    """A pod, or a Deployment, with a ServiceAccount; all of the same name."""

    objects: Objects
    name: str

    @property
    def spiffe_id(self) -> str:
        return f"spiffe://{DOMAIN}/ns/{self.objects.namespace}/sa/{self.name}"

    def kubectl(self, *arguments: str) -> str:
        return self.objects.server.kubectl(*arguments, f"--namespace={self.objects.namespace}")

    def run(self, image: str, volume: Volume, *command: str) -> None:
        """A pod; `command` is a program in Python and its arguments."""
        self._apply("v1", "Pod", self._spec(image, volume, *command))

    def run_many(self, replicas: int, image: str, volume: Volume, *command: str) -> None:
        """A Deployment, which replaces all of its pods at once."""
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": self._labels},
            "strategy": {"rollingUpdate": {"maxUnavailable": "100%"}},
            "template": {"metadata": {"labels": self._labels}, "spec": self._spec(image, volume, *command)},
        }
        self._apply("apps/v1", "Deployment", spec)

    @property
    def _labels(self) -> dict[str, str]:
        return {"app": self.name}

    def _apply(self, api_version: str, kind: str, spec: Mapping[str, Any]) -> None:
        """With its ServiceAccount, since the namespace's default one may not be there yet."""
        metadata = {"name": self.name, "namespace": self.objects.namespace, "labels": self._labels}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        self.objects.apply(account, {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})

    def _spec(self, image: str, volume: Volume, *command: str) -> dict[str, Any]:
        container = {
            "name": "app",
            "image": image,
            "imagePullPolicy": "Never",
            "command": [PYTHON, "-c", *command],
            "volumeMounts": [{"name": "pki", "mountPath": str(peer.FOLDER)}],
        }
        return {
            "serviceAccountName": self.name,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [container],
            "volumes": [{"name": "pki", "projected": {"sources": list(volume)}}],
        }

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.objects.get("pod", self.name)["status"]
        return found

    def wait_until_running(self) -> None:
        self.kubectl("wait", f"pod/{self.name}", "--for=condition=Ready", f"--timeout={SECONDS}s")

    def wait_for_event(self, reason: str) -> dict[str, Any]:
        """Of its pod, by whomever."""

        def found() -> dict[str, Any] | None:
            return next((each for each in self.objects.events("Pod", self.name) if each["reason"] == reason), None)

        event = wait_until(found, SECONDS, f"the pod {self.name} has an Event {reason}")
        assert event is not None
        return event

    def said(self, last: int = -1) -> list[dict[str, Any]]:
        """What its pod has printed, by tests/k3s/peer.py; the last of it where a number is given."""
        return [json.loads(line) for line in self.kubectl("logs", self.name, f"--tail={last}").splitlines()]

    def call_once(self, *arguments: str) -> None:
        """From inside its pod. Raises KubectlFailed, which says why the connection failed."""
        into = "exec", "--stdin", f"--namespace={self.objects.namespace}", self.name
        self.objects.server.kubectl(*into, "--", PYTHON, "-", "call", *arguments, "--once", stdin=PROGRAM)

    def requests(self) -> list[dict[str, Any]]:
        """The PodCertificateRequests for its pods that have not been removed."""
        listed = json.loads(self.kubectl("get", "podcertificaterequests", "--output=json"))["items"]
        return [each for each in listed if each["spec"]["serviceAccountName"] == self.name]


@dataclass(frozen=True)
class Peers:
    """`client` connects to `server` each second, at `address`. `issuer` signs for both.

    `first` are the PodCertificateRequests by which they started.
    """

    client: Application
    server: Application
    address: str
    issuer: str
    first: Sequence[Mapping[str, Any]]


@contextmanager
def speaking(server: ApiServer, image: str) -> Iterator[Peers]:
    with (
        server.namespace("pods-a") as a,
        server.namespace("pods-b") as b,
        issuing(server, f"{a}/*", f"{b}/web") as issuer,
    ):
        client, web = Application(Objects(server, a), "app"), Application(Objects(server, b), "web")
        web.run(image, volume(issuer), PROGRAM, "serve", client.spiffe_id)
        address = _address(web)
        web.wait_until_running()
        wait_until(web.said, SECONDS, "the server listens")
        client.run(image, volume(issuer), PROGRAM, "call", address, web.spiffe_id)
        client.wait_until_running()
        yield Peers(client, web, address, issuer, [*client.requests(), *web.requests()])


@contextmanager
def issuing(server: ApiServer, *accounts: str, name: str = "") -> Iterator[str]:
    """The name of a cluster issuer with a CA of its own, for pods of these service accounts."""
    name = name or f"pods-{uuid4().hex[:8]}"
    ca = pki.authority(name)
    secret = Objects(server, NAMESPACE).secret(name, **{"tls.crt": ca.pem.decode(), "tls.key": ca.key_pem.decode()})
    pods = {"trustDomain": DOMAIN, "serviceAccounts": list(accounts), "refreshAfter": "10m", "maxDuration": "1h"}
    server.apply([secret, cluster_issuer(name, name, ca={}, pods=pods, trustBundle=True)])
    try:
        yield name
    finally:
        server.kubectl("delete", NAMES.cluster_issuer, name)
        server.kubectl("delete", "secret", name, f"--namespace={NAMESPACE}")


def signer(issuer: str) -> str:
    return f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer}"


def bundle(issuer: str) -> str:
    """The name of the ClusterTrustBundle with its roots."""
    return f"{NAMES.cluster_issuers}.{NAMES.group}:{issuer}:roots"


def volume(issuer: str) -> list[dict[str, Any]]:
    """The issuer's roots, and a key pair of each type. The kubelet renews each at a time of its own."""
    trust = {"clusterTrustBundle": {"name": bundle(issuer), "path": "ca.crt"}}
    return [trust, *(key_pair(issuer, each) for each in KEY_TYPES)]


def key_pair(issuer: str, key_type: str = KEY_TYPES[0]) -> dict[str, Any]:
    source = {"signerName": signer(issuer), "keyType": key_type, "credentialBundlePath": f"{key_type.lower()}.pem"}
    return {"podCertificate": source}


def is_issued(request: Mapping[str, Any]) -> bool:
    return [each["type"] for each in request.get("status", {}).get("conditions", ())] == ["Issued"]


def serial(request: Mapping[str, Any]) -> str:
    """Of the certificate that was issued for it, as Python's ssl writes it."""
    leaf = x509.load_pem_x509_certificate(request["status"]["certificateChain"].encode())
    text = f"{leaf.serial_number:X}"
    return text.zfill(len(text) + len(text) % 2)


def _address(application: Application) -> str:
    """Of a Service before its pods, by kube-proxy; the node has no DNS."""
    metadata = {"name": application.name, "namespace": application.objects.namespace}
    spec = {"selector": {"app": application.name}, "ports": [{"port": peer.PORT}]}
    application.objects.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})
    found: str = application.objects.get("service", application.name)["spec"]["clusterIP"]
    return found
