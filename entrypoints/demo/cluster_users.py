"""Plays the other parties in the demo: the user who applies manifests, and cert-manager with keys, CSRs and approvals.

kubelet.py plays the kubelets.

It acts on the in-memory cluster by the same methods that tests use, and prints what it does.
"""

from __future__ import annotations

import base64
import ipaddress
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from adapters.kubernetes.documents import BadManifest
from adapters.kubernetes.manifests import CertificateSpec, Manifests, Reader
from adapters.kubernetes.pod_manifest import PodSpec
from adapters.memory.cluster import MemoryCluster
from domain.errors import Conflict
from domain.model import CERTIFICATE_REQUEST, POD_CERTIFICATE_REQUEST, Approval, Issuer, ObjectKey, Request
from entrypoints.demo import kubelet

_Described = TypeVar("_Described", Issuer, Request)
_log = logging.getLogger("demo")
_CURVES = {None: ec.SECP256R1(), 256: ec.SECP256R1(), 384: ec.SECP384R1(), 521: ec.SECP521R1()}


class ClusterUsers:
    def __init__(self, cluster: MemoryCluster, manifests: Manifests, reader: Reader) -> None:
        self._cluster = cluster
        self._manifests = manifests
        self._reader = reader
        self.keys: list[ObjectKey] = []
        self.references = dict(manifests.references)
        """What each request says of its issuer."""

    def apply_all_but_secrets(self) -> None:
        for issuer in self._manifests.issuers:
            _log.info("you: kubectl apply %s", issuer.key)
            # An API server drops the status of what is created.
            self._add(replace(issuer, ready=None, stalled=None, shown_signer="", deleting=False))
        for request in self._manifests.requests:
            _log.info("you: kubectl apply %s", request.key)
            self._add(replace(request, ready=None, order=None, failed=False, has_certificate=False, deleting=False))
        for key, spec in self._manifests.certificates:
            _log.info("you: kubectl apply %s", key)
            request = self._request_for(key, spec)
            _log.info("cert-manager (played here): a private key, and %s", request.key)
            self._add(request)
        for key, pod in self._manifests.pods:
            _log.info("you: kubectl apply %s", key)
            for request in self._requests_for(key, pod):
                _log.info("kubelet (played here): a private key, and %s", request.key)
                self._add(request)

    def approve(self) -> None:
        """Every request that has no decision: cert-manager approves its own kind, a person Kubernetes' kind."""
        for key in self.keys:
            found = self._cluster.stored(key)
            if isinstance(found, Request) and found.approval is Approval.UNDECIDED:
                if found.is_kubernetes:
                    _log.info("you: kubectl certificate approve %s", key.name)
                else:
                    _log.info("cert-manager (played here): approves %s", key)
                self._cluster.update(key, approval=Approval.APPROVED, approved_at=datetime.now(UTC))

    def apply_secrets(self) -> None:
        for key, data in self._manifests.secrets.items():
            _log.info("you: kubectl apply %s", key)
            self._cluster.put_secret(key, data)

    def _add(self, described: _Described) -> None:
        try:
            self._cluster.create(described)
        except Conflict as error:
            made = "a Certificate or a Pod there"
            raise BadManifest(
                f"{described.key}: is in the files, and is also what {made} makes; remove one of them"
            ) from error
        self.keys.append(described.key)

    def _requests_for(self, key: ObjectKey, pod: PodSpec) -> Iterator[Request]:
        """One for each podCertificate in the Pod's volumes."""
        for number, wanted in enumerate(pod.certificates(), 1):
            requested = ObjectKey(POD_CERTIFICATE_REQUEST, key.namespace, f"{key.name}-{number}")
            self.references[requested] = wanted.signer_name
            yield self._reader.pod_request(requested, kubelet.request_spec(key, pod, wanted))

    def _request_for(self, key: ObjectKey, spec: CertificateSpec) -> Request:
        """The first CertificateRequest of a Certificate: https://cert-manager.io/docs/usage/certificate/."""
        try:
            csr = _csr(spec)
        except ValueError as error:
            raise BadManifest(f"{key}: spec: {error}") from error
        reference = spec.issuerRef
        requested = ObjectKey(CERTIFICATE_REQUEST, key.namespace, f"{key.name}-1")
        self.references[requested] = reference
        return self._reader.request(
            requested,
            {
                "request": base64.b64encode(csr).decode(),
                "issuerRef": {"group": reference.group, "kind": reference.kind, "name": reference.name},
                "usages": spec.usages,
                "isCA": spec.isCA,
                "duration": spec.duration,
            },
        )


def _csr(spec: CertificateSpec) -> bytes:
    subject = list(_subject(spec))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if names := list(_names(spec)):
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject)
    elif not subject:
        raise ValueError("a certificate needs a commonName, dnsNames, ipAddresses, uris or emailAddresses")
    key = _private_key(spec.privateKey.algorithm, spec.privateKey.size)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(serialization.Encoding.PEM)


def _subject(spec: CertificateSpec) -> Iterator[x509.NameAttribute[str]]:
    if spec.commonName:
        yield x509.NameAttribute(NameOID.COMMON_NAME, spec.commonName)
    for values, oid in (
        (spec.subject.countries, NameOID.COUNTRY_NAME),
        (spec.subject.provinces, NameOID.STATE_OR_PROVINCE_NAME),
        (spec.subject.localities, NameOID.LOCALITY_NAME),
        (spec.subject.streetAddresses, NameOID.STREET_ADDRESS),
        (spec.subject.postalCodes, NameOID.POSTAL_CODE),
        (spec.subject.organizations, NameOID.ORGANIZATION_NAME),
        (spec.subject.organizationalUnits, NameOID.ORGANIZATIONAL_UNIT_NAME),
    ):
        yield from (x509.NameAttribute(oid, value) for value in values)
    if spec.subject.serialNumber:
        yield x509.NameAttribute(NameOID.SERIAL_NUMBER, spec.subject.serialNumber)


def _names(spec: CertificateSpec) -> Iterator[x509.GeneralName]:
    yield from map(x509.DNSName, spec.dnsNames)
    yield from (x509.IPAddress(ipaddress.ip_address(address)) for address in spec.ipAddresses)
    yield from map(x509.UniformResourceIdentifier, spec.uris)
    yield from map(x509.RFC822Name, spec.emailAddresses)


def _private_key(algorithm: str, size: int | None) -> CertificateIssuerPrivateKeyTypes:
    match algorithm:
        case "RSA":
            return rsa.generate_private_key(65537, size or 2048)
        case "ECDSA" if size in _CURVES:
            return ec.generate_private_key(_CURVES[size])
        case "Ed25519":
            return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(f"privateKey: {algorithm!r} of size {size} is none of RSA, ECDSA (256, 384, 521) and Ed25519")
