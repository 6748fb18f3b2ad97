"""The samples fit together: each names an issuer and a Secret that are among them."""

import base64

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.manifests import full_name, of_kind, the_only


@pytest.mark.parametrize("kind", NAMES.kinds)
def test_a_sample_issuer_finds_its_secret(kind: str) -> None:
    issuer = the_only("samples", kind)
    namespace = issuer["metadata"].get("namespace", NAMESPACE)
    secrets = {full_name(secret) for secret in of_kind("samples", "Secret")}

    assert ("Secret", namespace, issuer["spec"]["authSecretName"]) in secrets


@pytest.mark.parametrize("kind", ["Certificate", "CertificateRequest"])
def test_a_sample_certificate_finds_its_issuer(kind: str) -> None:
    issuers = {full_name(the_only("samples", kind)) for kind in NAMES.kinds}

    for manifest in of_kind("samples", kind):
        ref = manifest["spec"]["issuerRef"]
        namespace = manifest["metadata"]["namespace"] if ref["kind"] == NAMES.issuer else None
        assert ref["group"] == NAMES.group
        assert (ref["kind"], namespace, ref["name"]) in issuers


def test_the_sample_signing_request_names_the_sample_cluster_issuer() -> None:
    issuer = the_only("samples", NAMES.cluster_issuer)["metadata"]["name"]
    request = the_only("samples", "CertificateSigningRequest")
    assert request["spec"]["signerName"] == f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer}"


def test_the_issuer_of_the_sample_pods_lists_the_service_account_of_one_of_them() -> None:
    issuer = the_only("samples", NAMES.cluster_issuer)
    signer = f"{NAMES.cluster_issuers}.{NAMES.group}/{issuer['metadata']['name']}"
    allowed, denied = of_kind("samples", "Pod")
    for pod in (allowed, denied):
        (volume,) = pod["spec"]["volumes"]
        sources = {kind: each for source in volume["projected"]["sources"] for kind, each in source.items()}
        assert sources["podCertificate"]["signerName"] == signer
        assert sources.get("clusterTrustBundle", {}).get("name", "").startswith(f"{signer}:".replace("/", ":")) == (
            pod is allowed
        )
    account = full_name(the_only("samples", "ServiceAccount"))
    assert account == ("ServiceAccount", "default", allowed["spec"]["serviceAccountName"])
    assert issuer["spec"]["pods"]["serviceAccounts"] == [f"default/{allowed['spec']['serviceAccountName']}"]
    assert denied["spec"]["serviceAccountName"] != allowed["spec"]["serviceAccountName"]


@pytest.mark.parametrize(
    ("kind", "common_name", "usage"),
    [
        ("CertificateRequest", "certificaterequest.example.com", ExtendedKeyUsageOID.SERVER_AUTH),
        ("CertificateSigningRequest", "csr.example.com", ExtendedKeyUsageOID.CLIENT_AUTH),
    ],
)
def test_a_sample_request_holds_a_csr_that_agrees_with_it(
    kind: str, common_name: str, usage: x509.ObjectIdentifier
) -> None:
    spec = the_only("samples", kind)["spec"]
    csr = x509.load_pem_x509_csr(base64.b64decode(spec["request"], validate=True))
    names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    usages = csr.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    words = {ExtendedKeyUsageOID.SERVER_AUTH: "server auth", ExtendedKeyUsageOID.CLIENT_AUTH: "client auth"}

    assert csr.is_signature_valid
    assert csr.subject.rfc4514_string() == f"CN={common_name}"
    assert names.get_values_for_type(x509.DNSName) == [common_name]
    assert list(usages) == [usage]
    assert spec["usages"] == ["digital signature", words[usage]]
