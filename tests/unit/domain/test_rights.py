"""The words that tell which right is missing, for whom, and where it is granted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from domain import rights
from domain.conditions import message
from domain.model import CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, ObjectKey, Request, Requester
from domain.names import IssuerNames
from domain.reasons import RequestReason
from entrypoints.issuer import NAMES
from tests.support.factories import GROUP, a_request, cluster_issuer_key, issuer_key

ROOT = Path(__file__).parents[3]
LONGEST_NAME, LONGEST_NAMESPACE = ".".join(["n" * 63] * 3 + ["n" * 61]), "n" * 63
OURS = replace(NAMES, group="issuers.example.org", issuer="AnotherIssuer", cluster_issuer="AnotherClusterIssuer")
"""Of a usual length; names of issuers stand last, so that with longer ones of ours these are cut."""
LONG_ISSUER = ObjectKey(OURS.issuer, LONGEST_NAMESPACE, LONGEST_NAME)


def waiting(request: Request, names: IssuerNames = NAMES) -> str:
    return message(RequestReason.UNAPPROVED.value, why=rights.to_approve(request, names))


@pytest.mark.parametrize(
    ("issuer", "every", "this"),
    [
        (issuer_key(), f"{NAMES.issuers}.{GROUP}/*", f"{NAMES.issuers}.{GROUP}/team-a.ca"),
        (cluster_issuer_key(), f"{NAMES.cluster_issuers}.{GROUP}/*", f"{NAMES.cluster_issuers}.{GROUP}/ca"),
    ],
)
def test_a_request_that_waits_for_approval_names_right_account_and_file(
    issuer: ObjectKey, every: str, this: str
) -> None:
    told = waiting(a_request(issuer=issuer))
    assert "If cert-manager's approver is to decide, its ServiceAccount (by default cert-manager in namespace" in told
    assert "the verb approve on resource signers in API group cert-manager.io" in told
    assert "deploy/rbac/cert-manager-approver.yaml" in told
    assert told.endswith(f"resourceName of that right is {every} or {this}")


def test_the_file_that_it_names_grants_what_it_says_to_whom_it_says() -> None:
    role, binding = yaml.safe_load_all((ROOT / "deploy/rbac/cert-manager-approver.yaml").read_text())
    names = [f"{NAMES.issuers}.{GROUP}/*", f"{NAMES.cluster_issuers}.{GROUP}/*"]
    rule = {"apiGroups": ["cert-manager.io"], "resources": ["signers"], "resourceNames": names, "verbs": ["approve"]}
    assert role["rules"] == [rule]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "cert-manager", "namespace": "cert-manager"}]


def test_a_kubernetes_csr_that_waits_for_approval_names_the_command() -> None:
    told = waiting(a_request(CERTIFICATE_SIGNING_REQUEST))
    assert "To approve it: kubectl certificate approve web (" in told
    assert "cert-manager's approver" not in told, "it never decides about these"
    assert f"resourceName {NAMES.cluster_issuers}.{GROUP}/* or {NAMES.cluster_issuers}.{GROUP}/ca" in told


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("x; rm -rf ~", "approve 'x; rm -rf ~' ("),
        ("$(id)", "approve '$(id)' ("),
        ("it's", "approve 'it'\"'\"'s' ("),
    ],
)
def test_a_name_that_a_shell_would_run_is_quoted(name: str, typed: str) -> None:
    key = ObjectKey(CERTIFICATE_SIGNING_REQUEST, "", name)
    assert typed in waiting(a_request(CERTIFICATE_SIGNING_REQUEST, key=key))


def test_where_the_kind_is_left_out_no_right_helps_but_the_kind() -> None:
    told = waiting(a_request(issuer=issuer_key(), kind_left_out=True))
    assert f"reads a missing spec.issuerRef.kind as Issuer, which API group {GROUP} does not have" in told
    assert f"Set the kind to {NAMES.issuer}" in told
    assert "cert-manager-approver.yaml" not in told


@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("kind", [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST])
def test_the_longest_names_cut_nothing_off_but_names(kind: str, left_out: bool) -> None:
    key = ObjectKey(kind, LONGEST_NAMESPACE if kind == CERTIFICATE_REQUEST else "", LONGEST_NAME)
    told = waiting(a_request(kind, key=key, issuer=LONG_ISSUER, kind_left_out=left_out), OURS)
    assert len(told.encode()) <= 1000
    assert "…" not in told


def test_a_missing_right_to_reference_is_told_with_namespace_and_remedy() -> None:
    requester = Requester("anna", "1", ("dev",))
    request = a_request(CERTIFICATE_SIGNING_REQUEST, issuer=issuer_key(), requester=requester)
    assert rights.to_reference(request, NAMES) == (
        f"user 'anna' is not allowed the verb reference on resource signers in API group {GROUP}, namespace team-a,"
        " resourceName ca. Bind a Role of that namespace that allows it to the user or to one of its groups, then"
        " create the request again"
    )


def test_a_user_name_without_end_does_not_cut_off_the_remedy() -> None:
    requester = Requester("u" * 5000)
    request = a_request(CERTIFICATE_SIGNING_REQUEST, issuer=LONG_ISSUER, requester=requester)
    told = message(RequestReason.MAY_NOT_REFERENCE.value, why=rights.to_reference(request, NAMES))
    assert told.endswith("then create the request again")


def test_a_request_without_an_issuer_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="names no issuer of ours"):
        rights.to_approve(replace(a_request(), issuer=None), NAMES)
