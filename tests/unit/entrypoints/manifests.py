"""Manifests as a user of the demo writes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from entrypoints.issuer import NAMES

Manifest = dict[str, Any]
OURS = NAMES.group
SIGNER = f"{NAMES.cluster_issuers}.{OURS}/ca"
APPROVED: Manifest = {"conditions": [{"type": "Approved", "status": "True"}]}
DENIED: Manifest = {"conditions": [{"type": "Denied", "status": "True"}]}


def written(*objects: Manifest) -> str:
    """A file with these objects, each a document."""
    return "\n---\n".join(json.dumps(each) for each in objects)


def secret(name: str = "credentials", namespace: str = "default", data: Mapping[str, bytes] | None = None) -> Manifest:
    encoded = {key: base64.b64encode(value).decode() for key, value in (data or {}).items()}
    return _object("v1", "Secret", name, namespace) | {"data": encoded}


def issuer(name: str = "ca", namespace: str = "default", **spec: Any) -> Manifest:
    needed = {"url": "https://ca.example.com", "authSecretName": "credentials"}
    return _object(f"{OURS}/v1alpha1", NAMES.issuer, name, namespace) | {"spec": needed | spec}


def cluster_issuer(name: str = "ca", **spec: Any) -> Manifest:
    return issuer(name, **spec) | {"kind": NAMES.cluster_issuer, "metadata": {"name": name}}


def reference(**fields: str | None) -> Manifest:
    """The issuer `ca`; a field that is None is left out."""
    given = {"group": OURS, "kind": NAMES.issuer, "name": "ca"} | fields
    return {field: value for field, value in given.items() if value is not None}


def certificate(called: str = "web", **fields: str | None) -> Manifest:
    spec = {"secretName": called, "dnsNames": ["app.example.com"], "issuerRef": reference(**fields)}
    spec["privateKey"] = {"algorithm": "ECDSA"}
    return _object("cert-manager.io/v1", "Certificate", called, "default") | {"spec": spec}


def request(csr: bytes, called: str = "web", status: Manifest | None = None, **fields: str | None) -> Manifest:
    spec = {"request": base64.b64encode(csr).decode(), "issuerRef": reference(**fields)}
    return _object("cert-manager.io/v1", "CertificateRequest", called, "default") | {
        "spec": spec,
        "status": status or {},
    }


def signing_request(csr: bytes, signer: str = SIGNER, status: Manifest | None = None) -> Manifest:
    spec = {"request": base64.b64encode(csr).decode(), "signerName": signer, "usages": ["client auth"]}
    made = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "metadata": {"name": "web"}}
    return made | {"spec": spec, "status": status or {}}


def pod(called: str = "web", signer: str = SIGNER, **fields: Any) -> Manifest:
    """With a volume for a certificate, of an Ed25519 key unless told otherwise."""
    asked = {"signerName": signer, "keyType": "ED25519", "credentialBundlePath": "credentials.pem"} | fields
    volumes = [{"name": "other", "emptyDir": {}}, {"name": "it", "projected": {"sources": [{"podCertificate": asked}]}}]
    return _object("v1", "Pod", called, "default") | {"spec": {"serviceAccountName": "web", "volumes": volumes}}


def pod_request(csr: bytes, called: str = "web", **fields: Any) -> Manifest:
    """As `kubectl get` prints one; `csr` is DER."""
    ids = {"podUID": "u", "serviceAccountUID": "u", "nodeUID": "u"}
    spec = {"signerName": SIGNER, "podName": "web", "serviceAccountName": "web", "nodeName": "node-1", **ids}
    spec["stubPKCS10Request"] = base64.b64encode(csr).decode()
    made = _object("certificates.k8s.io/v1", "PodCertificateRequest", called, "default")
    return made | {"spec": spec | fields}


def _object(version: str, kind: str, name: str, namespace: str) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace}}
