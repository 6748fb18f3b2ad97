"""What a kubelet reads of a Pod to ask for its certificates.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ under PodCertificateProjection.
"""

from __future__ import annotations

from typing import Literal

import msgspec

KeyType = Literal["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"]
DEFAULT_SECONDS = 86_400
"""maxExpirationSeconds where it is left out, as the API server has it."""


class PodCertificate(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """A projection in a volume of a Pod, for which its kubelet asks for a certificate."""

    signer_name: str
    key_type: KeyType
    max_expiration_seconds: int = DEFAULT_SECONDS
    credential_bundle_path: str = ""
    key_path: str = ""
    certificate_chain_path: str = ""
    user_annotations: dict[str, str] = {}


class _Source(msgspec.Struct, rename="camel"):
    pod_certificate: PodCertificate | None = None


class _Projected(msgspec.Struct):
    sources: list[_Source] = []


class _Volume(msgspec.Struct):
    projected: _Projected | None = None


class PodSpec(msgspec.Struct, rename="camel"):
    service_account_name: str = "default"
    node_name: str = "node-1"
    volumes: list[_Volume] = []

    def certificates(self) -> list[PodCertificate]:
        sources = [source for volume in self.volumes if volume.projected for source in volume.projected.sources]
        return [each.pod_certificate for each in sources if each.pod_certificate]
