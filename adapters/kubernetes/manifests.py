"""Manifest files into values of the domain, for the demo, which has no API server to send them to.

Law: strict where a CRD would be: a missing, misspelt or mistyped field is a BadManifest that names file, object and
field. Translating what passed is translate.py's work, as with objects of an API server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from adapters.kubernetes.resources import ApiNames, IssuerObject, RequestObject
from adapters.kubernetes.translate import Translator
from domain.model import Issuer, ObjectKey, Request


class BadManifest(Exception):
    """A file that cannot be used; the message names file, object and field."""


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """What has a field that is not listed is refused: it is misspelt, or would be ignored silently."""


class _Metadata(msgspec.Struct):
    name: str
    namespace: str | None = None


class _IssuerSpec(_Strict):
    url: str
    authSecretName: str
    signer: str | None = None
    parameters: dict[str, str] | None = None


class _IssuerManifest(msgspec.Struct):
    metadata: _Metadata
    spec: _IssuerSpec


class _IssuerRef(_Strict):
    name: str
    kind: str = "Issuer"
    group: str = "cert-manager.io"


class _RequestSpec(msgspec.Struct):
    request: bytes
    issuerRef: _IssuerRef


class _RequestManifest(msgspec.Struct):
    metadata: _Metadata
    spec: _RequestSpec


class _SigningRequestSpec(msgspec.Struct):
    request: bytes
    signerName: str
    usages: list[str]


class _SigningRequestManifest(msgspec.Struct):
    metadata: _Metadata
    spec: _SigningRequestSpec


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
    issuerRef: _IssuerRef
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


class _CertificateManifest(msgspec.Struct):
    metadata: _Metadata
    spec: CertificateSpec


_Manifest = TypeVar("_Manifest")


@dataclass
class Manifests:
    """What the files hold, by kind; `ignored` names the objects of kinds that no demo needs."""

    issuers: list[Issuer] = field(default_factory=list)
    secrets: dict[ObjectKey, dict[str, bytes]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    certificates: list[tuple[ObjectKey, CertificateSpec]] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


class Reader:
    def __init__(self, names: ApiNames, translator: Translator) -> None:
        self._names = names
        self._translator = translator

    def read(self, paths: Iterable[Path]) -> Manifests:
        """All documents of these files, and of the YAML files in these folders; raises BadManifest."""
        found = Manifests()
        for file in _files(paths):
            for number, document in enumerate(_documents(file), 1):
                if document is not None:
                    self._add(found, _Document(file, number, document))
        return found

    def request(self, key: ObjectKey, spec: dict[str, Any]) -> Request:
        """The CertificateRequest that cert-manager would make with this spec."""
        metadata = {"name": key.name, "namespace": key.namespace}
        told = msgspec.convert({"metadata": metadata, "spec": spec}, RequestObject)
        return self._translator.certificate_request(told)

    def _add(self, found: Manifests, document: _Document) -> None:
        ours = f"{self._names.group}/{self._names.version}"
        match document.kind:
            case self._names.issuer | self._names.cluster_issuer as kind:
                document.expect(ours, _IssuerManifest)
                told = document.namespaced(IssuerObject, kind == self._names.issuer)
                found.issuers.append(self._translator.issuer(kind, told))
            case "CertificateRequest":
                document.expect("cert-manager.io/v1", _RequestManifest)
                request = self._translator.certificate_request(document.namespaced(RequestObject, True))
                found.requests.append(request)
            case "CertificateSigningRequest":
                document.expect("certificates.k8s.io/v1", _SigningRequestManifest)
                request = self._translator.signing_request(document.namespaced(RequestObject, False))
                found.requests.append(request)
            case "Certificate":
                spec = document.expect("cert-manager.io/v1", _CertificateManifest).spec
                found.certificates.append((document.key(), spec))
            case "Secret":
                secret = document.expect("v1", _SecretManifest)
                text = {name: value.encode() for name, value in secret.stringData.items()}
                found.secrets[document.key()] = secret.data | text
            case _:
                found.ignored.append(f"{document.kind} {document.name}")


class _Document:
    """One document of a file, that can say where it is."""

    def __init__(self, file: Path, number: int, content: Any) -> None:
        self._where = f"{file}, document {number}"
        if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
            raise BadManifest(f"{self._where}: kind: missing; a manifest has apiVersion, kind, metadata and spec")
        self._content = content
        self.kind: str = content["kind"]
        metadata = content.get("metadata")
        self._metadata: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
        self.name = str(self._metadata.get("name", ""))

    def expect(self, api_version: str, manifest: type[_Manifest]) -> _Manifest:
        """The document in this shape; raises BadManifest where it has another."""
        if self._content.get("apiVersion") != api_version:
            raise self._bad(f"apiVersion: want {api_version}, not {self._content.get('apiVersion')!r}")
        return self._convert(manifest)

    def namespaced(self, struct: type[_Manifest], namespaced: bool) -> _Manifest:
        """As the API server would store it: with a namespace where the kind has one, without where not."""
        namespace = self._namespace() if namespaced else None
        self._content = self._content | {"metadata": self._metadata | {"namespace": namespace}}
        return self._convert(struct)

    def key(self) -> ObjectKey:
        return ObjectKey(self.kind, self._namespace(), self.name)

    def _namespace(self) -> str:
        return str(self._metadata.get("namespace") or "default")

    def _convert(self, struct: type[_Manifest]) -> _Manifest:
        try:
            return msgspec.convert(self._content, struct)
        except msgspec.ValidationError as error:
            raise self._bad(_plain(str(error))) from error

    def _bad(self, what: str) -> BadManifest:
        return BadManifest(f"{self._where}, {self.kind} {self.name or '(no name)'}: {what}")


def _plain(error: str) -> str:
    """msgspec's 'Object missing required field `url` - at `$.spec`' with the field first."""
    text, _, path = error.partition(" - at ")
    if path.startswith("`key` in "):
        text, path = f"{text} as a key", path.removeprefix("`key` in ")
    path = path.strip("`").removeprefix("$").removeprefix(".")
    named = re.match(r"Object (missing required|contains unknown) field `(.*)`", text)
    if named is None:
        return f"{path}: {text}"
    trouble = "required, but missing" if named[1] == "missing required" else "no such field (or none the demo knows)"
    return f"{path + '.' if path else ''}{named[2]}: {trouble}"


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        inside = sorted(file for file in path.glob("*.y*ml") if file.stem != "kustomization")
        if not inside:
            raise BadManifest(f"{path}: no YAML files in this folder")
        yield from inside


def _documents(file: Path) -> list[Any]:
    try:
        return list(yaml.safe_load_all(file.read_bytes()))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadManifest(f"{file}, line {line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, OSError, ValueError) as error:  # ValueError: no text, or no such date
        raise BadManifest(f"{file}: cannot be read: {' '.join(str(error).split())}") from error
