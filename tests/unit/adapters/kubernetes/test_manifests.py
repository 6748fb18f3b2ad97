"""Manifest files as the demo reads them.

What is right becomes what an API server would have told; what is wrong is named by file, document, kind, name
and field, in one line.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.kubernetes.documents import BadManifest
from adapters.kubernetes.manifests import IssuerRef, Manifests, Reader
from adapters.signers.step_ca.signer import StepCASpec
from domain.model import Approval, ObjectKey
from entrypoints.issuer import NAMES
from tests.support.specs import codec

KIND = NAMES.issuer
SAMPLES = Path(__file__).parents[4] / "deploy" / "samples"
OURS = f"apiVersion: {NAMES.group}/{NAMES.version}"
ISSUER = f"""\
{OURS}
kind: {KIND}
metadata: {{name: ca, namespace: team-a}}
spec: {{url: "https://ca", authSecretName: s, stepCA: {{provisioner: web}}}}
"""
CLUSTER_ISSUER = f"""\
{OURS}
kind: {NAMES.cluster_issuer}
metadata: {{name: ca, namespace: ignored}}
spec: {{url: "https://ca", authSecretName: s}}
"""
REFERENCE = f"{{group: {NAMES.group}, kind: {KIND}, name: ca}}"
REQUEST = f"""\
apiVersion: cert-manager.io/v1
kind: CertificateRequest
metadata: {{name: web}}
spec: {{request: YWJj, issuerRef: {REFERENCE}, duration: 1h, usages: [server auth], isCA: true}}
"""
SIGNING_REQUEST = f"""\
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {{name: web}}
spec:
  request: YWJj
  signerName: {NAMES.cluster_issuers}.{NAMES.group}/ca
  usages: [client auth]
  expirationSeconds: 600
"""
CERTIFICATE = f"""\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {{name: web, namespace: team-a}}
spec: {{secretName: web, issuerRef: {REFERENCE}, dnsNames: [example.com]}}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: team-a}
data: {token: YWJj, other: YWJj}
stringData: {token: plain}
"""

Read = Callable[..., Manifests]


def thing(version: str, kind: str) -> str:
    return f"{{apiVersion: {version}, kind: {kind}, metadata: {{name: x}}}}\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "it.yaml"


@pytest.fixture
def read(file: Path) -> Read:
    def read(*documents: str) -> Manifests:
        file.write_text("---\n".join(documents))
        return Reader(NAMES, codec()).read([file])

    return read


def test_an_issuer_is_read(read: Read) -> None:
    (issuer,) = read(ISSUER).issuers
    assert issuer.key == ObjectKey(KIND, "team-a", "ca")
    assert (issuer.spec.url, issuer.spec.signer, issuer.spec.options) == ("https://ca", "stepCA", StepCASpec("web"))
    assert issuer.spec.secret == ObjectKey("Secret", "team-a", "s")


def test_a_cluster_issuer_is_read_without_a_namespace(read: Read) -> None:
    (issuer,) = read(CLUSTER_ISSUER).issuers
    assert issuer.key == ObjectKey(NAMES.cluster_issuer, "", "ca")
    assert (issuer.spec.secret, issuer.spec.signer) == (ObjectKey("Secret", "system", "s"), "demo")


def test_a_request_is_read_into_the_default_namespace(read: Read) -> None:
    (request,) = read(REQUEST).requests
    assert request.key == ObjectKey("CertificateRequest", "default", "web")
    assert request.issuer == ObjectKey(KIND, "default", "ca")
    assert (request.csr, request.duration, request.is_ca) == (b"abc", timedelta(hours=1), True)
    assert (request.usages, request.approval) == (("server auth",), Approval.UNDECIDED)


def test_a_signing_request_is_read(read: Read) -> None:
    (request,) = read(SIGNING_REQUEST).requests
    assert request.key == ObjectKey("CertificateSigningRequest", "", "web")
    assert request.issuer == ObjectKey(NAMES.cluster_issuer, "", "ca")
    assert (request.csr, request.duration, request.usages) == (b"abc", timedelta(minutes=10), ("client auth",))


def test_a_certificate_is_read(read: Read) -> None:
    ((key, spec),) = read(CERTIFICATE).certificates
    assert key == ObjectKey("Certificate", "team-a", "web")
    assert (spec.dnsNames, spec.issuerRef.kind, spec.privateKey.algorithm) == (["example.com"], KIND, "RSA")


def test_a_secret_is_read_and_its_text_wins(read: Read) -> None:
    assert read(SECRET).secrets == {ObjectKey("Secret", "team-a", "s"): {"token": b"plain", "other": b"abc"}}


def test_what_no_demo_needs_is_left_out_and_named(read: Read) -> None:
    found = read(thing("v1", "Namespace"), "", thing("example.com/v1", "SampleIsuer"), ISSUER, "\n# nothing\n")
    assert found.ignored == ["Namespace x", "SampleIsuer x"]
    assert len(found.issuers) == 1


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("cert-manager.io/v1", "Issuer"),
        ("cert-manager.io/v1", "ClusterIssuer"),
        ("acme.cert-manager.io/v1", "Order"),
        ("certificates.k8s.io/v1beta1", "ClusterTrustBundle"),
    ],
)
def test_other_kinds_of_the_groups_that_are_read_are_left_out(version: str, kind: str, read: Read) -> None:
    assert read(thing(version, kind)).ignored == [f"{kind} x"]


def test_a_list_is_read_as_its_items(read: Read) -> None:
    found = read(f"kind: List\nitems:\n- {thing('v1', 'Pod')}- {thing('v1', 'ConfigMap')}", "kind: List\nitems: []\n")
    assert found.ignored == ["Pod x", "ConfigMap x"]


def test_what_is_wrong_in_a_list_is_named_by_its_place(read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read(ISSUER, f"kind: List\nitems:\n- {thing('v1', 'Pod')}- {thing('v1', 'Certificate')}")
    assert str(refused.value).startswith(f"{file}, document 2, item 2, Certificate x: apiVersion: want cert-manager.io")


@pytest.mark.parametrize("items", ["", "items:", "items: {a: b}"])
def test_a_list_without_items_is_named(items: str, read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read(f"kind: List\n{items}")
    assert str(refused.value) == f"{file}, document 1, List: items: want a list of objects"


@pytest.mark.parametrize("document", [ISSUER, CLUSTER_ISSUER, REQUEST, SIGNING_REQUEST, CERTIFICATE, SECRET])
def test_what_is_there_twice_is_named_by_both_places(document: str, read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read(document, thing("v1", "Pod"), document)
    assert str(refused.value).startswith(f"{file}, document 3: ")
    assert str(refused.value).endswith(f" is already in {file}, document 1; remove one of them")


def test_the_reference_of_each_request_is_kept_as_it_is_written(read: Read) -> None:
    found = read(REQUEST.replace(f"kind: {KIND}, ", ""), SIGNING_REQUEST)
    kept = list(found.references.values())
    assert kept == [
        IssuerRef("ca", None, NAMES.group),
        f"{NAMES.cluster_issuers}.{NAMES.group}/ca",
    ]


def test_a_certificates_reference_is_not_completed(read: Read) -> None:
    ((_, spec),) = read(CERTIFICATE.replace(REFERENCE, "{name: ca}")).certificates
    assert spec.issuerRef == IssuerRef("ca", None, None)


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path: Path) -> None:
    (tmp_path / "b.yml").write_text(CLUSTER_ISSUER)
    (tmp_path / "a.yaml").write_text(ISSUER)
    (tmp_path / "kustomization.yaml").write_text("resources: [a.yaml]")
    (tmp_path / "notes.txt").write_text("{")
    found = Reader(NAMES, codec()).read([tmp_path])
    assert [issuer.key.kind for issuer in found.issuers] == [KIND, NAMES.cluster_issuer]


def test_the_samples_are_read() -> None:
    found = Reader(NAMES, codec()).read([SAMPLES])
    counts = (len(found.issuers), len(found.secrets), len(found.requests), len(found.certificates), found.ignored)
    assert counts == (2, 2, 2, 2, [f"ServiceAccount {NAMES.cluster_issuer.lower()}-sample"])
    assert len(found.pods) == 2
    assert all(request.issuer for request in found.requests)


MISSING, UNKNOWN = "required, but missing", "no such field is known here"
WRONG = [
    (ISSUER.replace('url: "https://ca", ', ""), f"{KIND} ca: spec.url: required by stepCA, but missing"),
    (ISSUER.replace("authSecretName", "secretName"), f"{KIND} ca: spec.secretName: {UNKNOWN}"),
    (ISSUER.replace("stepCA", "StepCA"), f"{KIND} ca: spec.StepCA: {UNKNOWN}"),
    (ISSUER.replace('"https://ca"', "5"), f"{KIND} ca: spec.url: Expected `str`, got `int`"),
    (ISSUER.replace("web", "[]"), f"{KIND} ca: spec.stepCA.provisioner: Expected `str`, got `array`"),
    (ISSUER.replace("provisioner: web", "5: web"), f"{KIND} ca: spec.stepCA: Expected `str` as a key"),
    (
        ISSUER.replace(f"/{NAMES.version}", "/other"),
        f"apiVersion: want {NAMES.group}/{NAMES.version}, not '{NAMES.group}",
    ),
    (ISSUER.replace(OURS, ""), f"{KIND} ca: apiVersion: want {NAMES.group}/{NAMES.version}, not None"),
    (ISSUER.replace("name: ca, ", ""), f"{KIND} (no name): metadata.name: {MISSING}"),
    (ISSUER.replace("name: ca", "name: 5"), f"{KIND} 5: metadata.name: Expected `str`, got `int`"),
    (ISSUER.replace("namespace: team-a", "namespace: 5"), f"{KIND} ca: metadata.namespace: Expected `str | null`"),
    (ISSUER.replace("metadata:", "meta:"), f"{KIND} (no name): metadata: {MISSING}"),
    (ISSUER.replace("{name: ca, namespace: team-a}", "ca"), f"{KIND} (no name): metadata: Expected `object`, got"),
    (ISSUER.replace("spec:", "status:"), f"{KIND} ca: spec: {MISSING}"),
    (ISSUER.replace("spec: {", "spec:\nmore: {"), f"{KIND} ca: spec: Expected `object`, got `null`"),
    (REQUEST.replace("YWJj", "YWJ"), "CertificateRequest web: spec.request: Invalid base64 encoded string"),
    (REQUEST.replace("request: YWJj, ", ""), f"CertificateRequest web: spec.request: {MISSING}"),
    (REQUEST.replace(", name: ca", ""), f"CertificateRequest web: spec.issuerRef.name: {MISSING}"),
    (REQUEST.replace("group:", "apiGroup:"), f"CertificateRequest web: spec.issuerRef.apiGroup: {UNKNOWN}"),
    (REQUEST.replace("isCA: true", "isCA: yes please"), "CertificateRequest web: spec.isCA: Expected `bool | null`"),
    (REQUEST.replace("cert-manager.io/v1", "v1"), "apiVersion: want cert-manager.io/v1, not 'v1'"),
    (SIGNING_REQUEST.replace("signerName", "signer"), f"CertificateSigningRequest web: spec.signerName: {MISSING}"),
    (SIGNING_REQUEST.replace("600", "10m"), "spec.expirationSeconds: Expected `int | null`"),
    (SIGNING_REQUEST.replace("YWJj", "|\n    YWJj\n    YWJj"), "spec.request: Invalid base64 encoded string"),
    (CERTIFICATE.replace("dnsNames", "dnsName"), f"Certificate web: spec.dnsName: {UNKNOWN}"),
    (CERTIFICATE.replace("[example.com]", "example.com"), "spec.dnsNames: Expected `array`, got `str`"),
    (CERTIFICATE.replace("secretName: web, ", ""), f"Certificate web: spec.secretName: {MISSING}"),
    (SECRET.replace("YWJj, ", "YWJ, "), "Secret s: data[...]: Invalid base64 encoded string"),
    (SECRET.replace("plain", "5"), "Secret s: stringData[...]: Expected `str`, got `int`"),
    (
        thing(f"{NAMES.group}/{NAMES.version}", "SampleIsuer"),
        f"has no such kind; it has {KIND}, {NAMES.cluster_issuer}",
    ),
    (thing(f"{NAMES.group}/v2", "Issuer"), f"Issuer x: kind: {NAMES.group} has no such kind"),
    (thing("cert-manager.io/v1", "Certifcate"), "Certifcate x: kind: cert-manager.io has no such kind; it has Certif"),
    (thing("certificates.k8s.io/v1", "CSR"), "CSR x: kind: certificates.k8s.io has no such kind"),
    ("kind: Namespace", "Namespace (no name): apiVersion: missing; a manifest has apiVersion, kind, metadata and spec"),
    (ISSUER.replace("name: ca", "name: Ca"), f"{KIND} Ca: metadata.name: 'Ca' is not the name of an object: want"),
    (SIGNING_REQUEST.replace("name: web", "name: a/b"), "metadata.name: 'a/b' is not the name of an object: it may"),
    (ISSUER.replace("team-a", "Team"), f"{KIND} ca: metadata.namespace: 'Team' is not the name of a namespace"),
    (SECRET.replace("team-a", "Team"), "Secret s: metadata.namespace: 'Team' is not the name of a namespace: want"),
    (SECRET.replace("apiVersion: v1", "apiVersion: v2"), "Secret s: apiVersion: want v1, not 'v2'"),
]


@pytest.mark.parametrize(("document", "message"), WRONG, ids=[message for _, message in WRONG])
def test_what_is_wrong_is_named_down_to_its_field(document: str, message: str, read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read(CLUSTER_ISSUER, document)
    told = str(refused.value)
    assert told.startswith(f"{file}, document 2, ")
    assert message in told
    assert "\n" not in told


@pytest.mark.parametrize("document", [f"- kind: {KIND}\n", "text\n", "5\n", "metadata: {name: ca}\n", "kind: 5\n"])
def test_what_has_no_kind_is_no_manifest(document: str, read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read("", "", document)
    assert str(refused.value).startswith(f"{file}, document 2: kind: missing; a manifest has apiVersion, kind,")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b\nc: [\n", "line 3: not YAML: "),
        ("a: b: c", "line 1: not YAML: mapping values are not allowed here"),
        ("\n\na: *b", "line 3: not YAML: found undefined alias 'b'"),
        ("a: !b c", "line 1: not YAML: could not determine a constructor"),
        ("a: \0", "cannot be read: unacceptable character #x0000"),
        ("a: 2020-13-45", "cannot be read: month must be in 1..12"),
        ("[\n" * 20_000, "cannot be read: its lists and mappings are nested too deeply"),
    ],
)
def test_what_is_not_yaml_is_named_down_to_its_line(text: str, message: str, read: Read, file: Path) -> None:
    with pytest.raises(BadManifest) as refused:
        read(text)
    assert str(refused.value).startswith(str(file))
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(BadManifest, match="no YAML files in this folder"):
        Reader(NAMES, codec()).read([tmp_path])


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(BadManifest, match=r"it\.yaml: cannot be read: .*No such file"):
        Reader(NAMES, codec()).read([file])
