"""Plays a kubelet in the demo: makes the key of a pod's certificate, and the request for it.

As pkg/kubelet/podcertificate of Kubernetes 1.37 does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from adapters.kubernetes.pod_manifest import KeyType, PodCertificate, PodSpec
from domain.model import ObjectKey

_KEY_TYPES: Mapping[KeyType, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "RSA3072": lambda: rsa.generate_private_key(65537, 3072),
    "RSA4096": lambda: rsa.generate_private_key(65537, 4096),
    "ECDSAP256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ECDSAP384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSAP521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ED25519": ed25519.Ed25519PrivateKey.generate,
}


def request_spec(key: ObjectKey, pod: PodSpec, wanted: PodCertificate) -> dict[str, Any]:
    """The spec of a PodCertificateRequest for this pod."""
    return {
        "signerName": wanted.signer_name,
        "podName": key.name,
        "podUID": f"uid-of-{key.name}",
        "serviceAccountName": pod.service_account_name,
        "serviceAccountUID": f"uid-of-{pod.service_account_name}",
        "nodeName": pod.node_name,
        "nodeUID": f"uid-of-{pod.node_name}",
        "maxExpirationSeconds": wanted.max_expiration_seconds,
        "stubPKCS10Request": _stub_csr(_KEY_TYPES[wanted.key_type]()),
        "unverifiedUserAnnotations": wanted.user_annotations,
    }


def _stub_csr(key: CertificateIssuerPrivateKeyTypes) -> bytes:
    """DER of a request that names nobody."""
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, digest)
    return csr.public_bytes(serialization.Encoding.DER)
