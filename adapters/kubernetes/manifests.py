"""Reads manifest files for the demo, which has no API server to send them to.

As strict as the CRDs: a missing, misspelt or mistyped field is BadManifest, which names file, object and field.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from adapters.kubernetes.codec import Codec
from adapters.kubernetes.decoding import field_error
from adapters.kubernetes.documents import BadManifest, objects_in
from adapters.kubernetes.names import checked_name, checked_namespace, escaped_name
from adapters.kubernetes.pod_manifest import DEFAULT_SECONDS, PodSpec
from adapters.kubernetes.schema import IssuerObject, PodRequestObject, RequestObject
from domain.errors import Invalid
from domain.model import CERTIFICATE_SIGNING_REQUEST, Issuer, ObjectKey, Request
from domain.names import IssuerNames

_Spec = TypeVar("_Spec")
_Struct = TypeVar("_Struct")


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """What has a field that is not listed is refused: it is misspelt, or would be ignored silently."""


class _Metadata(msgspec.Struct):
    name: str
    namespace: str | None = None


class _Manifest(msgspec.Struct, Generic[_Spec]):
    metadata: _Metadata
    spec: _Spec


class IssuerRef(_Strict):
    """spec.issuerRef as it is written: cert-manager copies it from a Certificate into its request as it is."""

    name: str
    kind: str | None = None
    group: str | None = None


class _RequestSpec(msgspec.Struct):
    request: bytes
    issuerRef: IssuerRef


class _SigningRequestSpec(msgspec.Struct):
    request: bytes
    signerName: str
    usages: list[str]


class _PodRequestSpec(msgspec.Struct):
    signerName: str
    podName: str
    podUID: str
    serviceAccountName: str
    serviceAccountUID: str
    nodeName: str
    nodeUID: str
    stubPKCS10Request: bytes


class _PodManifest(msgspec.Struct):
    metadata: _Metadata
    spec: PodSpec = msgspec.field(default_factory=PodSpec)


class _SecretManifest(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, bytes] = {}
    stringData: dict[str, str] = {}


class PrivateKey(_Strict):
    algorithm: str = "RSA"
    size: int | None = None
    encoding: str = "PKCS1"
    rotationPolicy: str = "Always"


class Subject(_Strict):
    organizations: list[str] = []
    organizationalUnits: list[str] = []
    countries: list[str] = []
    provinces: list[str] = []
    localities: list[str] = []
    streetAddresses: list[str] = []
    postalCodes: list[str] = []
    serialNumber: str | None = None


class CertificateSpec(_Strict):
    """The fields of a cert-manager Certificate that the demo can play."""

    secretName: str
    issuerRef: IssuerRef
    commonName: str | None = None
    subject: Subject = msgspec.field(default_factory=Subject)
    dnsNames: list[str] = []
    ipAddresses: list[str] = []
    uris: list[str] = []
    emailAddresses: list[str] = []
    usages: list[str] = []
    isCA: bool = False
    duration: str | None = None
    renewBefore: str | None = None
    privateKey: PrivateKey = msgspec.field(default_factory=PrivateKey)


@dataclass
class Manifests:
    """What the files hold, by kind; `ignored` names the objects of kinds that no demo needs.

    `references` has what each request says of its issuer: spec.issuerRef, or the spec.signerName of other kinds.
    `pods` are those with a certificate.
    """

    issuers: list[Issuer] = field(default_factory=list)
    secrets: dict[ObjectKey, dict[str, bytes]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    references: dict[ObjectKey, IssuerRef | str] = field(default_factory=dict)
    certificates: list[tuple[ObjectKey, CertificateSpec]] = field(default_factory=list)
    pods: list[tuple[ObjectKey, PodSpec]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


class Reader:
    def __init__(self, names: IssuerNames, codec: Codec) -> None:
        self._names = names
        self._codec = codec
        self._kinds = {
            names.group: (names.issuer, names.cluster_issuer),
            "cert-manager.io": ("Certificate", "CertificateRequest", "Issuer", "ClusterIssuer"),
            "certificates.k8s.io": ("CertificateSigningRequest", "ClusterTrustBundle", "PodCertificateRequest"),
        }

    def read(self, paths: Iterable[Path]) -> Manifests:
        """All objects of these files, and of the YAML files in these folders; raises BadManifest."""
        found = Manifests()
        places: dict[ObjectKey, str] = {}
        for document in (_Document(*parts) for file in _files(paths) for parts in objects_in(file)):
            key = self._add(found, document)
            if key in places:
                raise BadManifest(f"{document.where}: {key} is already in {places[key]}; remove one of them")
            if key is not None:
                places[key] = document.where
        return found

    def request(self, key: ObjectKey, spec: dict[str, Any]) -> Request:
        """The CertificateRequest that cert-manager would make with this spec."""
        metadata = {"name": key.name, "namespace": key.namespace}
        obj = msgspec.convert({"metadata": metadata, "spec": spec}, RequestObject)
        return self._codec.certificate_request(obj)

    def pod_request(self, key: ObjectKey, spec: dict[str, Any]) -> Request:
        """The PodCertificateRequest that a kubelet would make with this spec."""
        metadata = {"name": key.name, "namespace": key.namespace, "creationTimestamp": datetime.now(UTC)}
        return self._codec.pod_certificate_request(
            msgspec.convert({"metadata": metadata, "spec": spec}, PodRequestObject)
        )

    def _add(self, found: Manifests, document: _Document) -> ObjectKey | None:
        """The key of what was added; None for what is left out."""
        ours = f"{self._names.group}/{self._names.version}"
        match document.kind:
            case self._names.issuer | self._names.cluster_issuer as kind:
                document.expect(ours, _Manifest[dict[str, Any]])
                issuer = self._codec.issuer(kind, document.namespaced(IssuerObject, kind == self._names.issuer))
                if issuer.spec.problem:
                    raise document.bad(issuer.spec.problem)
                found.issuers.append(issuer)
                return issuer.key
            case "CertificateRequest":
                reference = document.expect("cert-manager.io/v1", _Manifest[_RequestSpec]).spec.issuerRef
                request = self._codec.certificate_request(document.namespaced(RequestObject, True))
                return _add_request(found, request, reference)
            case "CertificateSigningRequest":
                name = document.expect("certificates.k8s.io/v1", _Manifest[_SigningRequestSpec]).spec.signerName
                request = self._codec.signing_request(document.namespaced(RequestObject, False))
                return _add_request(found, request, name)
            case "PodCertificateRequest":
                name = document.expect("certificates.k8s.io/v1", _Manifest[_PodRequestSpec]).spec.signerName
                request = self._codec.pod_certificate_request(
                    _with_default(document.namespaced(PodRequestObject, True))
                )
                return _add_request(found, request, name)
            case "Pod" if (pod := document.expect("v1", _PodManifest).spec).certificates():
                found.pods.append((document.key(), pod))
                return document.key()
            case "Certificate":
                spec = document.expect("cert-manager.io/v1", _Manifest[CertificateSpec]).spec
                found.certificates.append((document.key(), spec))
                return document.key()
            case "Secret":
                secret = document.expect("v1", _SecretManifest)
                text = {name: value.encode() for name, value in secret.stringData.items()}
                found.secrets[document.key()] = secret.data | text
                return document.key()
        document.require_kind(self._kinds)
        found.ignored.append(f"{document.kind} {document.name}")
        return None


def _with_default(request: PodRequestObject) -> PodRequestObject:
    """As the API server stores it."""
    if request.spec and request.spec.maxExpirationSeconds is None:
        request.spec.maxExpirationSeconds = DEFAULT_SECONDS
    return request


def _add_request(found: Manifests, request: Request, reference: IssuerRef | str) -> ObjectKey:
    found.requests.append(request)
    found.references[request.key] = reference
    return request.key


class _Document:
    """One object of a file; `where` says which."""

    def __init__(self, where: str, content: dict[str, Any]) -> None:
        self.where = where
        self._content = content
        self.kind: str = content["kind"]
        metadata = content.get("metadata")
        self._metadata: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
        self.name = str(self._metadata.get("name", ""))

    def expect(self, api_version: str, manifest: type[_Struct]) -> _Struct:
        """The document in this shape; raises BadManifest where it has another."""
        if self._content.get("apiVersion") != api_version:
            raise self.bad(f"apiVersion: want {api_version}, not {self._content.get('apiVersion')!r}")
        converted = self._convert(manifest)
        try:
            (escaped_name if self.kind == CERTIFICATE_SIGNING_REQUEST else checked_name)(self.name)
        except Invalid as error:
            raise self.bad(f"metadata.name: {error}") from error
        return converted

    def require_kind(self, kinds: Mapping[str, Collection[str]]) -> None:
        """Raises BadManifest for a misspelt kind: its group is one of `kinds`, which lists all kinds of a group."""
        version = self._content.get("apiVersion")
        if not isinstance(version, str):
            raise self.bad("apiVersion: missing; a manifest has apiVersion, kind, metadata and spec")
        group = version.partition("/")[0]
        if group in kinds and self.kind not in kinds[group]:
            raise self.bad(f"kind: {group} has no such kind; it has {', '.join(kinds[group])}")

    def namespaced(self, struct: type[_Struct], namespaced: bool) -> _Struct:
        """As the API server would store it: with a namespace where the kind has one, without where not."""
        namespace = self._namespace() if namespaced else None
        self._content = self._content | {"metadata": self._metadata | {"namespace": namespace}}
        return self._convert(struct)

    def key(self) -> ObjectKey:
        return ObjectKey(self.kind, self._namespace(), self.name)

    def _namespace(self) -> str:
        try:
            return checked_namespace(str(self._metadata.get("namespace") or "default"))
        except Invalid as error:
            raise self.bad(f"metadata.namespace: {error}") from error

    def _convert(self, struct: type[_Struct]) -> _Struct:
        try:
            return msgspec.convert(self._content, struct)
        except msgspec.ValidationError as error:
            raise self.bad(field_error(error)) from error

    def bad(self, what: str) -> BadManifest:
        return BadManifest(f"{self.where}, {self.kind} {self.name or '(no name)'}: {what}")


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.glob("*.y*ml") if file.stem != "kustomization")
        if not inside:
            raise BadManifest(f"{path}: no YAML files in this folder")
        yield from inside
