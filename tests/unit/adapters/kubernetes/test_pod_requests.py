"""What a PodCertificateRequest means, and what spec.pods of an issuer says."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.kubernetes.issuer_spec import SpecReader
from domain.model import POD_CERTIFICATE_REQUEST, Approval, IssuerSpec, ObjectKey, Request
from domain.pods import Pod, PodPolicy
from entrypoints.issuer import NAMES
from tests.support import pki
from tests.support.pods_specs import PODS, REFUSED
from tests.support.specs import SIGNERS
from tests.unit.adapters.kubernetes.test_codec import translated

STUB = pki.csr_der(pki.csr())
OURS, NAMESPACED = f"{NAMES.cluster_issuers}.{NAMES.group}/", f"{NAMES.issuers}.{NAMES.group}/"
SPEC = {
    "signerName": f"{OURS}ca",
    "podName": "web-0",
    "podUID": "1",
    "serviceAccountName": "web",
    "serviceAccountUID": "2",
    "nodeName": "node-1",
    "nodeUID": "3",
    "maxExpirationSeconds": 7200,
    "stubPKCS10Request": base64.b64encode(STUB).decode(),
}


def a_pods_request(**changes: Any) -> Request:
    found = translated(POD_CERTIFICATE_REQUEST, spec=SPEC | changes)
    assert isinstance(found, Request)
    return found


def test_whose_it_is_and_what_it_asks_for() -> None:
    found = a_pods_request()
    assert found.pod == Pod("team-a", "web-0", "1", "web")
    assert found.issuer == ObjectKey(NAMES.cluster_issuer, "", "ca")
    assert (found.duration, found.approval, found.problem) == (timedelta(hours=2), Approval.APPROVED, "")
    assert x509.load_pem_x509_csr(found.csr).public_bytes(Encoding.DER) == STUB


@pytest.mark.parametrize("signer", ["example.com/ca", "kubernetes.io/kube-apiserver-client", f"x{OURS}ca", OURS, None])
def test_the_signer_of_somebody_else(signer: str | None) -> None:
    assert a_pods_request(signerName=signer).issuer is None


@pytest.mark.parametrize("path", ["team-a.ca", "ca"])
def test_no_issuer_of_a_namespace_signs_for_pods(path: str) -> None:
    found = a_pods_request(signerName=f"{NAMESPACED}{path}")
    assert found.issuer is not None
    assert found.issuer.kind == "Unknown"
    assert found.unserved == (
        f"signerName: '{NAMESPACED}{path}' is no {NAMES.cluster_issuer}, and no other kind signs for pods;"
        f" name one by {OURS}<name>"
    )
    assert found.csr == b""


def test_of_user_annotations_the_first_keys_are_kept() -> None:
    found = a_pods_request(unverifiedUserAnnotations={f"example.com/{letter}": "x" * 9000 for letter in "dbac"})
    assert found.pod is not None
    assert found.pod.annotations == ("example.com/a", "example.com/b", "example.com/c")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"stubPKCS10Request": None}, "spec.stubPKCS10Request: missing"),
        ({"stubPKCS10Request": base64.b64encode(b"x" * 70_000).decode()}, "spec.stubPKCS10Request: 70,000 bytes"),
        ({"maxExpirationSeconds": 10**30}, "maxExpirationSeconds"),
    ],
)
def test_what_cannot_be_read_is_a_problem_of_its_field(changes: dict[str, Any], problem: str) -> None:
    assert problem in a_pods_request(**changes).problem


READER = SpecReader(SIGNERS, NAMES.default_signer)


def read(of_cluster: bool = True, signer: str = "ca", **pods: Any) -> IssuerSpec:
    spec = {"authSecretName": "credentials", signer: {}, "pods": PODS | pods}
    if signer == "est":
        spec["url"] = "https://est.example.com"
    return READER.read(spec, "system", of_cluster=of_cluster)


def test_all_that_spec_pods_says() -> None:
    found = read(
        dnsNames=["{pod}.{namespace}.pods.example.com"],
        maxDuration="24h",
        refreshAfter="10m",
        usages=["digital signature", "key agreement"],
    )
    assert (found.problem, found.pods) == (
        "",
        PodPolicy(
            "example.org",
            ("team-a/*",),
            ("{pod}.{namespace}.pods.example.com",),
            ("digital signature", "key agreement"),
            timedelta(hours=24),
            timedelta(minutes=10),
        ),
    )
    assert read().pods == PodPolicy("example.org", ("team-a/*",))


def test_an_issuer_of_a_namespace_has_no_spec_pods() -> None:
    assert "spec.pods: no such field" in read(of_cluster=False).problem


def test_the_signer_says_that_it_cannot() -> None:
    found = read(signer="est").pods
    assert found is not None
    assert found.obstacle == SIGNERS["est"].cannot_set_names != ""


@pytest.mark.parametrize(("pods", "field"), REFUSED)
def test_what_is_refused_is_named_by_its_field(pods: dict[str, Any], field: str) -> None:
    found = read(**pods)
    assert found.problem.startswith(field)
    assert found.pods is None
