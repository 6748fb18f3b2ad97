"""What the demo shows of pods: it plays their kubelets."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from entrypoints.demo import run as demo
from entrypoints.issuer import NAMES
from tests.support import pki
from tests.unit.entrypoints.command import Result, Run
from tests.unit.entrypoints.manifests import SIGNER, cluster_issuer, pod, pod_request, secret, written
from tests.unit.entrypoints.test_demo import Play, play, wrong

__all__ = ["play"]  # the fixture
PODS = {"trustDomain": "example.org", "serviceAccounts": ["default/web"]}
SECRET = secret(namespace=f"{NAMES.controller}-system")
ISSUER = [SECRET, cluster_issuer(pods=PODS)]
NAME = "spiffe://example.org/ns/default/sa/web"
pytestmark = pytest.mark.usefixtures("hurried")


@pytest.mark.parametrize("key_type", ["RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"])
def test_a_pod_gets_a_certificate_for_its_service_account(key_type: str, play: Play) -> None:
    result = play(*ISSUER, pod(keyType=key_type))
    assert (result.status, result.err, wrong(result)) == (0, "", [])
    assert "kubelet (played here): a private key, and PodCertificateRequest default/web-1\n" in result.out
    assert f"  Subject:   (empty)\n  SANs:      {NAME}\n" in result.out
    assert "  Chain:     in order up to " in result.out


@pytest.mark.parametrize(
    "asked", [pod(maxExpirationSeconds=7200), pod_request(pki.csr_der(pki.stub_csr()), maxExpirationSeconds=7200)]
)
def test_its_certificate_lasts_no_longer_than_the_volume_says(asked: dict[str, Any], play: Play) -> None:
    assert lasts(play(*ISSUER, asked)) == 2 * 60


@pytest.mark.parametrize("asked", [pod(), pod_request(pki.csr_der(pki.stub_csr()))])
def test_its_certificate_lasts_a_day_where_the_volume_says_nothing(asked: dict[str, Any], play: Play) -> None:
    assert lasts(play(*ISSUER, asked)) == 24 * 60


def test_a_request_of_a_kubelet_is_signed(play: Play) -> None:
    result = play(*ISSUER, pod_request(pki.csr_der(pki.stub_csr())))
    assert (result.status, result.err, wrong(result)) == (0, "", [])
    assert f"  SANs:      {NAME}\n" in result.out


def test_a_pod_of_a_service_account_that_the_issuer_does_not_list_is_denied_as_it_should(play: Play) -> None:
    result = play(SECRET, cluster_issuer(pods=PODS | {"serviceAccounts": ["other/*"]}), pod())
    assert (result.status, wrong(result)) == (0, [])
    assert "Denied  True    ServiceAccountNotAllowed" in result.out


@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ([SECRET, cluster_issuer(), pod()], "PodCertificatesNotEnabled: "),
        ([*ISSUER, pod(userAnnotations={"example.com/a": "b"})], "InvalidUnverifiedUserAnnotations: "),
        ([*ISSUER, pod(signer=f"{NAMES.issuers}.{NAMES.group}/default.ca")], "SignerNotServed: "),
        (
            [*ISSUER, pod(signer="other.example.com/ca")],
            f"spec.signerName is 'other.example.com/ca', which names no issuer of this controller (want "
            f"{NAMES.cluster_issuers}.{NAMES.group}/NAME); nothing is done for it",
        ),
    ],
)
def test_a_mistake_in_the_files_is_no_success(objects: list[dict[str, Any]], said: str, play: Play) -> None:
    result = play(*objects)
    assert result.status == 1
    (line,) = wrong(result)
    assert line.startswith(f"PodCertificateRequest default/web-1: {said}")


def test_a_missing_issuer_is_named_with_the_field(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_GIVE_UP_AFTER", 0.2)
    (line,) = wrong(play(pod()))
    assert line.endswith(f"{NAMES.cluster_issuer} ca is not in the files: add it, or correct spec.signerName")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (pod(keyType="DSA"), "Pod web: spec.volumes[1].projected.sources[0].podCertificate.keyType: "),
        (pod(keyTyp="RSA3072"), "podCertificate.keyTyp: no such field is known here"),
        (pod(keyType=None), "podCertificate.keyType: "),
        (pod_request(b"", podUID=None), "spec.podUID: "),
        (pod() | {"apiVersion": "v2"}, "Pod web: apiVersion: want v1, not 'v2'"),
    ],
)
def test_a_field_that_is_wrong_is_named(wanted: dict[str, Any], said: str, play: Play) -> None:
    result = play(*ISSUER, wanted)
    assert (result.status, result.out) == (1, "")
    assert said in result.error


def test_a_pod_that_asks_for_none_is_left_out(play: Play) -> None:
    plain = pod(called="plain")
    plain["spec"] = {"containers": [{"name": "app"}], "volumes": [{"name": "it", "projected": {"sources": [{}]}}]}
    result = play(*ISSUER, plain, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "bare"}})
    assert result.status == 0
    assert "not needed here and left out: Pod plain, Pod bare\n" in result.out


def test_a_request_and_the_pod_that_makes_it_are_one_too_many(play: Play) -> None:
    result = play(*ISSUER, pod_request(pki.csr_der(pki.stub_csr()), called="web-1"), pod())
    assert result.status == 1
    assert "is also what a Certificate or a Pod there makes" in result.error


def test_a_pod_alone_is_worth_a_demo(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "_GIVE_UP_AFTER", 0.2)
    (tmp_path / "it.yaml").write_text(written(pod(signer=SIGNER)))
    assert "0 of 1 objects ended as they should." in run("demo", tmp_path).out


def lasts(result: Result) -> float:
    """How many minutes its certificate is valid."""
    (line,) = [each for each in result.out.splitlines() if each.startswith("  Validity:")]
    begins, ends = line.removeprefix("  Validity:  ").removesuffix(" UTC").split(" to ")
    return (datetime.fromisoformat(ends) - datetime.fromisoformat(begins)).total_seconds() / 60
