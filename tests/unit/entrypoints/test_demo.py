"""What the demo says of the files it is given, and the exit status that goes with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrypoints.demo import run as demo
from entrypoints.issuer import NAMES
from tests.support import pki
from tests.unit.entrypoints.command import Result, Run
from tests.unit.entrypoints.manifests import (
    APPROVED,
    DENIED,
    OURS,
    certificate,
    cluster_issuer,
    issuer,
    reference,
    request,
    secret,
    signing_request,
    written,
)

SAMPLES = Path(__file__).parents[3] / "deploy" / "samples"
CSR = pki.csr()
ISSUERS = [secret(), issuer(), secret(namespace=f"{NAMES.controller}-system"), cluster_issuer()]
NOT_OURS = f"which is not this controller's ({OURS}); nothing is done for it"
NO_ISSUER = (
    f"which names no issuer of this controller (want {NAMES.cluster_issuers}.{OURS}/NAME or "
    f"{NAMES.issuers}.{OURS}/NAMESPACE.NAME); nothing is done for it"
)

Play = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("hurried")


@pytest.fixture
def gives_up_soon(hurried: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """For objects that never come to an end."""
    monkeypatch.setattr(demo, "_GIVE_UP_AFTER", 0.2)


@pytest.fixture
def play(run: Run, tmp_path: Path) -> Play:
    def play(*objects: dict[str, Any]) -> Result:
        (tmp_path / "it.yaml").write_text(written(*objects))
        return run("demo", tmp_path / "it.yaml")

    return play


def wrong(result: Result) -> list[str]:
    """The lines that say what is not as expected."""
    lines = result.out.splitlines()
    return [line.removeprefix("NOT AS EXPECTED: ") for line in lines if line.startswith("NOT AS EXPECTED")]


def test_a_demo_of_the_samples_ends_well_and_shows_no_credential(run: Run) -> None:
    result = run("demo", SAMPLES)
    assert (result.status, result.err) == (0, "")
    assert result.out.endswith("8 of 8 objects ended as they should.\n")
    assert f"spiffe://example.com/ns/default/sa/{NAMES.cluster_issuer.lower()}-sample\n" in result.out
    assert "Denied  True    ServiceAccountNotAllowed" in result.out
    assert "not-a-real-token" not in result.out


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"group": "other.example.com"}, f"spec.issuerRef.group is 'other.example.com', {NOT_OURS}"),
        ({"group": None}, f"spec.issuerRef.group is left out and so cert-manager's own, {NOT_OURS}"),
        ({"name": ""}, "spec.issuerRef.name is empty, which names no issuer; nothing is done for it"),
    ],
)
@pytest.mark.parametrize(
    ("ask", "key"),
    [
        (lambda **fields: request(CSR, **fields), "CertificateRequest default/web"),
        (certificate, "CertificateRequest default/web-1"),
    ],
    ids=["request", "certificate"],
)
def test_a_reference_that_is_not_ours_is_named_and_no_success(
    fields: dict[str, Any], said: str, ask: Callable[..., dict[str, Any]], key: str, play: Play
) -> None:
    result = play(*ISSUERS, ask(**fields))
    assert (result.status, result.err) == (1, "")
    assert wrong(result) == [f"{key}: {said}"]
    assert "2 of 3 objects ended as they should." in result.out


@pytest.mark.usefixtures("gives_up_soon")
@pytest.mark.parametrize("ask", [lambda: request(CSR, kind="SampleIsuer"), lambda: certificate(kind="SampleIsuer")])
def test_a_misspelt_kind_in_a_reference_is_no_success_and_told_the_kinds(
    ask: Callable[[], dict[str, Any]], play: Play
) -> None:
    result = play(*ISSUERS, ask())
    assert (result.status, result.err) == (1, "")
    (line,) = wrong(result)
    assert line.startswith("CertificateRequest default/web")
    assert NAMES.issuer in line.replace("SampleIsuer", "")
    assert NAMES.cluster_issuer in line


def test_a_signer_name_that_is_not_ours_is_named_and_no_success(play: Play) -> None:
    result = play(*ISSUERS, signing_request(CSR, "kubernetes.io/kube-apiserver-client"))
    assert result.status == 1
    said = f"spec.signerName is 'kubernetes.io/kube-apiserver-client', {NO_ISSUER}"
    assert wrong(result) == [f"CertificateSigningRequest web: {said}"]


def test_a_denied_request_of_another_group_is_still_not_ours(play: Play) -> None:
    result = play(request(CSR, status=DENIED, group="other.example.com"))
    assert result.status == 1
    assert NOT_OURS in result.out


@pytest.mark.parametrize(
    "denied", [request(CSR, status=DENIED), signing_request(CSR, status=DENIED)], ids=["cert-manager's", "Kubernetes'"]
)
def test_a_request_that_its_file_denies_ends_as_it_should(denied: dict[str, Any], play: Play) -> None:
    result = play(*ISSUERS, denied)
    assert (result.status, wrong(result)) == (0, [])
    assert "3 of 3 objects ended as they should." in result.out


def test_a_request_that_its_file_approves_is_signed(play: Play) -> None:
    result = play(*ISSUERS, request(CSR, status=APPROVED))
    assert (result.status, wrong(result)) == (0, [])
    assert "approves CertificateRequest" not in result.out


def test_an_invalid_request_is_named_and_no_success(play: Play) -> None:
    status = {"conditions": [{"type": "InvalidRequest", "status": "True"}]}
    result = play(*ISSUERS, request(CSR, status=status))
    assert result.status == 1
    said = "its condition InvalidRequest is True; nothing is done for it"
    assert wrong(result) == [f"CertificateRequest default/web: {said}"]


def test_a_status_in_the_files_is_no_answer(play: Play) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Issued", "message": "", "observedGeneration": 1}
    result = play(
        secret(), issuer() | {"status": {"conditions": [ready]}}, request(CSR, status={"conditions": [ready]})
    )
    assert (result.status, wrong(result)) == (0, [])
    assert f"{NAMES.issuer} default/ca: Checked: Success" in result.out
    assert "Chain:     verifies up to " in result.out


@pytest.mark.usefixtures("gives_up_soon")
def test_an_issuer_that_its_file_calls_ready_is_checked_all_the_same(play: Play) -> None:
    ready = {"type": "Ready", "status": "True", "reason": "Checked", "message": "", "observedGeneration": 1}
    result = play(issuer() | {"status": {"conditions": [ready]}})
    assert result.status == 1
    assert wrong(result)[0].startswith(f"{NAMES.issuer} default/ca: Pending: ")


@pytest.mark.usefixtures("gives_up_soon")
def test_a_secret_that_is_not_in_the_files_is_named_with_the_remedy(play: Play) -> None:
    result = play(issuer(), request(CSR))
    assert (result.status, result.err) == (1, "")
    about_issuer, about_request = wrong(result)
    assert about_issuer.startswith(
        f"{NAMES.issuer} default/ca: Pending: Temporary error. Retrying: failed to get Secret"
    )
    assert about_issuer.endswith(
        "; Secret default/credentials is not in the files: add it, or correct spec.authSecretName"
    )
    said = f"Pending: Waiting for the issuer: {NAMES.issuer} default/ca is not Ready"
    assert about_request == f"CertificateRequest default/web: {said}"


@pytest.mark.usefixtures("gives_up_soon")
def test_a_secret_in_another_namespace_than_its_issuer_is_named(play: Play) -> None:
    (line,) = wrong(play(issuer(), secret(namespace="team-a")))
    remedy = "only Secret team-a/credentials is: add it, or correct spec.authSecretName"
    assert line.endswith(f"; Secret default/credentials is not in the files, {remedy}")


@pytest.mark.usefixtures("gives_up_soon")
def test_a_cluster_issuer_reads_its_secret_where_the_flag_says(play: Play, run: Run, tmp_path: Path) -> None:
    (line,) = wrong(play(cluster_issuer(), secret(namespace="team-a")))
    assert f"Secret {NAMES.controller}-system/credentials is not in the files" in line
    assert line.endswith("add it, or correct spec.authSecretName or --cluster-resource-namespace")
    assert run("demo", "--cluster-resource-namespace=team-a", tmp_path / "it.yaml").status == 0


@pytest.mark.usefixtures("gives_up_soon")
def test_an_issuer_that_is_not_in_the_files_is_named_with_the_remedy(play: Play) -> None:
    result = play(secret(), issuer(), request(CSR, kind=NAMES.cluster_issuer))
    assert result.status == 1
    said = f"Pending: Waiting for the issuer: {NAMES.cluster_issuer} ca not found"
    remedy = f"{NAMES.cluster_issuer} ca is not in the files, only {NAMES.issuer} default/ca is"
    assert wrong(result) == [
        f"CertificateRequest default/web: {said}; {remedy}: add it, or correct spec.issuerRef",
    ]


@pytest.mark.usefixtures("gives_up_soon")
def test_a_kubernetes_request_without_its_issuer_is_named_with_the_remedy(play: Play) -> None:
    (line,) = wrong(play(signing_request(CSR)))
    assert f"{NAMES.cluster_issuer} ca not found; {NAMES.cluster_issuer} ca is not in the files" in line
    assert line.endswith(": add it, or correct spec.signerName")


def test_a_request_that_cannot_be_signed_says_why_in_its_line(play: Play) -> None:
    (line,) = wrong(play(*ISSUERS, request(b"no CSR")))
    assert line.startswith("CertificateRequest default/web: Failed: The request cannot be signed: spec.request: ")


def test_kubernetes_requests_are_approved_by_a_person(play: Play) -> None:
    result = play(*ISSUERS, signing_request(CSR))
    assert result.status == 0
    assert "you: kubectl certificate approve web" in result.out


def test_a_certificate_without_any_name_says_which_fields_can_give_one(run: Run, tmp_path: Path) -> None:
    lacking = certificate() | {"spec": {"secretName": "web", "issuerRef": reference()}}
    (tmp_path / "it.yaml").write_text(written(lacking))
    result = run("demo", tmp_path)
    assert result.status == 1
    assert result.error.startswith("Error: Certificate default/web: spec: a certificate needs a commonName, dnsNames")


def test_a_request_and_the_certificate_that_makes_it_are_one_too_many(play: Play) -> None:
    result = play(*ISSUERS, request(CSR, called="web-1"), certificate())
    assert result.status == 1
    said = "is in the files, and is also what a Certificate or a Pod there makes; remove one of them"
    assert result.error == f"Error: CertificateRequest default/web-1: {said}"


def test_a_demo_of_a_broken_file_names_file_and_field(run: Run, tmp_path: Path) -> None:
    lacking = issuer() | {"spec": {"url": "https://ca.example.com"}}
    (tmp_path / "broken.yaml").write_text(written(lacking))
    result = run("demo", tmp_path / "broken.yaml")
    assert result.status == 1
    where = tmp_path / "broken.yaml"
    assert result.error == f"Error: {where}, document 1, {NAMES.issuer} ca: spec.authSecretName: required, but missing"


@pytest.mark.parametrize("text", ["a: \0", "a: 2020-13-45", "a: [", "[\n" * 20_000, "a: b\n\tc: d"])
def test_a_demo_of_what_is_no_yaml_says_so_in_one_line(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    result = run("demo", tmp_path)
    assert result.status == 1
    assert result.error.startswith(f"Error: {tmp_path / 'broken.yaml'}")


def test_a_demo_of_the_same_object_twice_says_where_they_are(run: Run) -> None:
    file = SAMPLES / "issuer.yaml"
    result = run("demo", file, file)
    assert result.status == 1
    what = f"Secret default/{NAMES.issuer.lower()}-sample-credentials"
    assert result.error == f"Error: {file}, document 1: {what} is already in {file}, document 1; remove one of them"


@pytest.mark.parametrize("text", ["", "\n---\n---\n", "# nothing\n"])
def test_a_demo_of_an_empty_file_is_no_success(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "it.yaml").write_text(text)
    result = run("demo", tmp_path / "it.yaml")
    assert result.status == 1
    assert (
        result.error
        == f"Error: {tmp_path / 'it.yaml'}: no issuer, request, Certificate or Pod with a certificate to show"
    )


def test_a_demo_of_other_kinds_alone_names_what_it_left_out(play: Play, tmp_path: Path) -> None:
    result = play({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}, secret())
    assert result.status == 1
    assert result.error.endswith(
        "no issuer, request, Certificate or Pod with a certificate to show; left out: Namespace team-a"
    )


def test_other_kinds_beside_ours_are_left_out_and_said_so(play: Play) -> None:
    result = play(*ISSUERS, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}})
    assert result.status == 0
    assert "not needed here and left out: Deployment web\n" in result.out


def test_a_file_with_windows_line_ends_is_read(run: Run, tmp_path: Path) -> None:
    text = (SAMPLES / "issuer.yaml").read_text()
    (tmp_path / "it.yaml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert run("demo", tmp_path).status == 0


def test_a_list_is_played_as_its_items(run: Run, tmp_path: Path) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": [*ISSUERS, request(CSR)]}
    (tmp_path / "it.yaml").write_text(json.dumps(listed))
    result = run("demo", tmp_path)
    assert result.status == 0
    assert "3 of 3 objects ended as they should." in result.out
