"""What objects mean: the fields of an API server's JSON as values of the domain.

Exact about whom a request names, since a mistake there takes over another issuer's requests; calm about anything
that is missing, null or strange, since one bad object must not hold up the others.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from adapters.kubernetes.schema import SecretMeta, SecretObject, SecretVersionObject
from adapters.signers.ca.signer import CASpec
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    NO_REQUESTER,
    Approval,
    Condition,
    Issuer,
    IssuerSpec,
    ObjectKey,
    Request,
    Requester,
    SecretVersion,
)
from entrypoints.issuer import NAMES
from tests.support.specs import codec
from tests.unit.adapters.kubernetes.wire import RESOURCES

TRANSLATOR = codec()
GROUP, OURS = NAMES.group, f"{NAMES.cluster_issuers}.{NAMES.group}/"
THEN = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def translated(kind: str, **told: Any) -> Any:
    """An object of this kind as it would be read from an API server."""
    metadata = {"name": "x", "uid": "u", "resourceVersion": "7"} | told.pop("metadata", {})
    if RESOURCES[kind].namespaced:
        metadata = {"namespace": "team-a"} | metadata
    text = msgspec.json.encode({"kind": kind, "metadata": metadata, **told})
    return TRANSLATOR.object(kind, msgspec.json.decode(text, type=RESOURCES[kind].main))


def a_request(**told: Any) -> Request:
    found = translated(CERTIFICATE_REQUEST, **told)
    assert isinstance(found, Request)
    return found


def a_signing_request(**told: Any) -> Request:
    found = translated(CERTIFICATE_SIGNING_REQUEST, **told)
    assert isinstance(found, Request)
    return found


def a_condition(kind: str, status: str = "True", **more: Any) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": "Why", "message": "that is why", **more}


UNKNOWN = ObjectKey("Unknown", "team-a", "ca")
REFERENCES: list[tuple[Any, ObjectKey | None]] = [
    ({"group": GROUP, "kind": NAMES.issuer, "name": "ca"}, ObjectKey(NAMES.issuer, "team-a", "ca")),
    ({"group": GROUP, "kind": NAMES.cluster_issuer, "name": "ca"}, ObjectKey(NAMES.cluster_issuer, "", "ca")),
    ({"group": "", "kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": None, "kind": NAMES.issuer, "name": "ca"}, None),
    ({"kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": "cert-manager.io", "kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": f"other.{GROUP}", "kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": GROUP.upper(), "kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": f"{GROUP}/v1alpha1", "kind": NAMES.issuer, "name": "ca"}, None),
    ({"group": "cert-manager.io", "name": "ca"}, None),
    ({"name": "ca"}, None),
    ({"group": GROUP, "name": "ca"}, ObjectKey(NAMES.issuer, "team-a", "ca")),
    ({"group": GROUP, "kind": "", "name": "ca"}, ObjectKey(NAMES.issuer, "team-a", "ca")),
    ({"group": GROUP, "kind": None, "name": "ca"}, ObjectKey(NAMES.issuer, "team-a", "ca")),
    ({"group": GROUP, "kind": "Issuer", "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": "ClusterIssuer", "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": NAMES.issuer.lower(), "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": f"{NAMES.issuer}s", "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": f" {NAMES.issuer}", "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": "Unknown", "name": "ca"}, UNKNOWN),
    ({"group": GROUP, "kind": NAMES.issuer, "name": ""}, None),
    ({"group": GROUP, "kind": NAMES.issuer, "name": None}, None),
    ({"group": GROUP, "kind": NAMES.issuer}, None),
    ({}, None),
    (None, None),
]


@pytest.mark.parametrize(("reference", "issuer"), REFERENCES)
def test_a_request_is_ours_where_its_group_is_ours_to_the_letter(reference: Any, issuer: ObjectKey | None) -> None:
    found = a_request(spec={"issuerRef": reference})
    assert found.issuer == issuer
    assert bool(found.unserved) is (issuer == UNKNOWN)
    assert found.kind_left_out is (issuer is not None and not reference.get("kind"))


def test_an_unknown_kind_is_named_beside_those_that_there_are() -> None:
    csr = {"request": "YWJj"}
    found = a_request(spec={"issuerRef": {"group": GROUP, "kind": "SampleIsuer", "name": "ca"}, **csr})
    assert found.unserved == (
        f"spec.issuerRef.kind: 'SampleIsuer' is no kind of {GROUP}, which has {NAMES.issuer} and"
        f" {NAMES.cluster_issuer}; name one of them in the Certificate, or in a new request"
    )
    assert found.csr == b"", "what cannot be signed takes no memory"
    assert a_request(spec={"issuerRef": {"group": GROUP, "name": "ca"}, **csr}).csr == b"abc"


def test_of_an_unknown_kind_that_is_long_only_the_beginning_is_kept() -> None:
    found = a_request(spec={"issuerRef": {"group": GROUP, "kind": "x" * 10_000, "name": "ca"}})
    assert found.issuer == UNKNOWN
    assert len(found.unserved) < 500


def test_no_field_of_a_reference_names_another_namespace() -> None:
    reference = {"group": GROUP, "kind": NAMES.issuer, "name": "ca", "namespace": "team-b"}
    assert a_request(spec={"issuerRef": reference}).issuer == ObjectKey(NAMES.issuer, "team-a", "ca")


@pytest.mark.parametrize(
    ("signer", "issuer"),
    [
        (f"{OURS}ca", "ca"),
        (f"{OURS}ca.of.ours", "ca.of.ours"),
        (f"{OURS}{OURS}ca", f"{OURS}ca"),
        (OURS, None),
        (OURS.removesuffix("/"), None),
        (f"x{OURS}ca", None),
        (OURS.upper() + "ca", None),
        ("kubernetes.io/kube-apiserver-client", None),
        ("", None),
        (None, None),
    ],
)
def test_a_signing_request_is_ours_where_its_signer_is(signer: str | None, issuer: str | None) -> None:
    expected = None if issuer is None else ObjectKey(NAMES.cluster_issuer, "", issuer)
    assert a_signing_request(spec={"signerName": signer}).issuer == expected


@pytest.mark.parametrize(
    ("path", "issuer"),
    [
        ("team-a.ca", ObjectKey(NAMES.issuer, "team-a", "ca")),
        ("team-a.ca.of.ours", ObjectKey(NAMES.issuer, "team-a", "ca.of.ours")),
        ("team-a.team-b.ca", ObjectKey(NAMES.issuer, "team-a", "team-b.ca")),
        ("ca", ObjectKey("Unknown", "", "ca")),
        ("team-a.", ObjectKey("Unknown", "", "team-a")),
        (".ca", None),
        ("", None),
        ("team-a/ca", None),
        ("team-a.ca/x", None),
        ("../team-a.ca", None),
    ],
)
def test_a_signer_name_with_a_namespace_is_read_as_cert_manager_reads_its_own(
    path: str, issuer: ObjectKey | None
) -> None:
    found = a_signing_request(spec={"signerName": f"{NAMES.issuers}.{GROUP}/{path}", "request": "YWJj"})
    assert found.issuer == issuer
    assert found.must_reference is bool(issuer and issuer.kind == NAMES.issuer)
    unserved = issuer is not None and issuer.kind == "Unknown"
    assert (f"again with {NAMES.issuers}.{GROUP}/<namespace>.<name>" in found.unserved) is unserved
    assert (found.csr == b"") is unserved


@pytest.mark.parametrize("signer", [f"x{NAMES.issuers}.{GROUP}/team-a.ca", f"{NAMES.issuers}.x.{GROUP}/team-a.ca"])
def test_another_resource_or_group_in_a_signer_name_is_not_ours(signer: str) -> None:
    assert a_signing_request(spec={"signerName": signer}).issuer is None


def test_the_requester_is_kept_only_where_a_right_to_reference_is_needed() -> None:
    who = {"username": "anna", "uid": "1", "groups": ["dev", "ops"], "extra": {"scopes": ["a", "b"]}}
    namespaced = a_signing_request(spec={"signerName": f"{NAMES.issuers}.{GROUP}/team-a.ca", **who})
    assert namespaced.requester == Requester("anna", "1", ("dev", "ops"), {"scopes": ("a", "b")})
    nulls = dict.fromkeys(who)
    assert (
        a_signing_request(spec={"signerName": f"{NAMES.issuers}.{GROUP}/team-a.ca", **nulls}).requester == Requester()
    )
    assert a_signing_request(spec={"signerName": f"{OURS}ca", **who}).requester is NO_REQUESTER
    reference = {"group": GROUP, "kind": NAMES.issuer, "name": "ca"}
    assert a_request(spec={"issuerRef": reference, **who}).requester is NO_REQUESTER


APPROVED, DENIED = a_condition("Approved", lastTransitionTime="2030-01-02T03:04:05Z"), a_condition("Denied")
DECISIONS: list[tuple[Any, Approval, datetime | None]] = [
    ([APPROVED], Approval.APPROVED, THEN),
    ([a_condition("Approved")], Approval.APPROVED, None),
    ([a_condition("Approved", lastTransitionTime=None)], Approval.APPROVED, None),
    ([a_condition("Approved", lastTransitionTime="2030-01-02T05:04:05+02:00")], Approval.APPROVED, THEN),
    ([a_condition("Approved", lastTransitionTime="2030-01-02T03:04:05")], Approval.APPROVED, THEN),
    ([a_condition("Approved", lastTransitionTime="0001-01-01T00:00:00+01:00")], Approval.APPROVED, None),
    ([a_condition("Approved", "False")], Approval.UNDECIDED, None),
    ([a_condition("Approved", "Unknown")], Approval.UNDECIDED, None),
    ([a_condition("Approved", "true")], Approval.UNDECIDED, None),
    ([a_condition("approved")], Approval.UNDECIDED, None),
    ([DENIED], Approval.DENIED, None),
    ([APPROVED, DENIED], Approval.DENIED, None),
    ([DENIED, APPROVED], Approval.DENIED, None),
    ([a_condition("Denied", "False"), APPROVED], Approval.APPROVED, THEN),
    ([a_condition("Ready")], Approval.UNDECIDED, None),
    ([], Approval.UNDECIDED, None),
    (None, Approval.UNDECIDED, None),
]


@pytest.mark.parametrize(("conditions", "approval", "since"), DECISIONS)
@pytest.mark.parametrize("kind", [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST])
def test_denied_wins_and_nothing_but_true_decides(
    kind: str, conditions: Any, approval: Approval, since: datetime | None
) -> None:
    found = translated(kind, status={"conditions": conditions})
    assert (found.approval, found.approved_at) == (approval, since)


@pytest.mark.parametrize(("status", "invalid"), [("True", True), ("False", False), ("Unknown", False)])
def test_a_request_may_be_invalid(status: str, invalid: bool) -> None:
    assert a_request(status={"conditions": [a_condition("InvalidRequest", status)]}).invalid is invalid


@pytest.mark.parametrize(("status", "failed"), [("True", True), ("False", False)])
def test_a_signing_request_may_have_failed(status: str, failed: bool) -> None:
    assert a_signing_request(status={"conditions": [a_condition("Failed", status)]}).failed is failed


@pytest.mark.parametrize("kind", [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST])
@pytest.mark.parametrize(("certificate", "there"), [("YWJj", True), ("", False), (None, False)])
def test_a_certificate_is_there_or_not(kind: str, certificate: str | None, there: bool) -> None:
    assert translated(kind, status={"certificate": certificate}).has_certificate is there


DURATIONS: list[tuple[str | None, timedelta | None, str]] = [
    ("1h", timedelta(hours=1), ""),
    ("2160h0m0s", timedelta(days=90), ""),
    ("", None, ""),
    (None, None, ""),
    ("90 days", None, "spec.duration: '90 days' is not a duration such as 30s, 10m or 2160h"),
    ("9" * 200 + "h", None, "is longer than any duration can be"),
    ("1" * 200, None, "is not a duration"),
    ("1" * 500_000 + "h", None, "500,001 characters, and no more than 256 are read; write it as 2160h"),
]


@pytest.mark.parametrize(("text", "duration", "problem"), DURATIONS, ids=lambda each: str(each)[:20])
def test_a_duration_that_cannot_be_read_is_a_problem_of_its_field(
    text: str | None, duration: timedelta | None, problem: str
) -> None:
    found = a_request(spec={"duration": text})
    assert found.duration == duration
    assert (problem in found.problem) if problem else (found.problem == "")
    assert found.problem.startswith("spec.duration: ") is bool(problem)


def test_seconds_that_no_duration_can_hold_are_a_problem_of_their_field() -> None:
    assert a_signing_request(spec={"expirationSeconds": 600}).duration == timedelta(minutes=10)
    assert a_signing_request(spec={"expirationSeconds": None}).duration is None
    found = a_signing_request(spec={"expirationSeconds": 10**18})
    assert (found.duration, found.problem.partition(":")[0]) == (None, "spec.expirationSeconds")


@pytest.mark.parametrize("absent", [{}, {"spec": None, "status": None}, {"spec": {}, "status": {}}])
@pytest.mark.parametrize("kind", [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST])
def test_a_request_of_which_nothing_is_there_is_nobodys(kind: str, absent: Any) -> None:
    nulls = {"annotations": None, "deletionTimestamp": None, "generation": None}
    key = ObjectKey(kind, "team-a" if kind == CERTIFICATE_REQUEST else "", "x")
    assert translated(kind, metadata=nulls, **absent) == Request(key, "u", "7", None)


@pytest.mark.parametrize("absent", [{}, {"spec": None, "status": None}, {"spec": {}, "status": {"conditions": None}}])
@pytest.mark.parametrize("kind", [NAMES.issuer, NAMES.cluster_issuer])
def test_an_issuer_of_which_nothing_is_there_has_the_default_signer(kind: str, absent: Any) -> None:
    found = translated(kind, metadata={"annotations": None}, **absent)
    namespace, secrets = ("team-a", "team-a") if kind == NAMES.issuer else ("", "system")
    problem = "spec.authSecretName: required, but missing"
    spec = IssuerSpec("", ObjectKey("Secret", secrets, ""), "demo", problem=problem)
    assert found == Issuer(ObjectKey(kind, namespace, "x"), "u", "7", 0, spec)


@pytest.mark.parametrize(("kind", "namespace"), [(NAMES.issuer, "team-a"), (NAMES.cluster_issuer, "system")])
def test_an_issuers_secret_is_where_it_must_be_whatever_its_spec_says(kind: str, namespace: str) -> None:
    spec = {"authSecretName": "s", "authSecretNamespace": "kube-system", "namespace": "kube-system"}
    assert translated(kind, spec=spec).spec.secret == ObjectKey("Secret", namespace, "s")


def test_an_issuer_says_all_that_it_says() -> None:
    ready = a_condition("Ready", "False", lastTransitionTime="2030-01-02T03:04:05Z", observedGeneration=3)
    stalled = a_condition("Stalled", "True", lastTransitionTime="2030-01-02T03:04:05Z")
    found = translated(
        NAMES.issuer,
        metadata={"generation": 4, "annotations": {"a": "b"}, "deletionTimestamp": "2030-01-01T00:00:00Z"},
        spec={"url": "https://ca", "authSecretName": "s", "ca": {}},
        status={"conditions": [a_condition("Other"), ready, stalled], "signer": "est"},
    )
    assert found == Issuer(
        ObjectKey(NAMES.issuer, "team-a", "x"),
        "u",
        "7",
        4,
        IssuerSpec("https://ca", ObjectKey("Secret", "team-a", "s"), "ca", CASpec()),
        Condition("Ready", "False", "Why", "that is why", THEN, 3),
        Condition("Stalled", "True", "Why", "that is why", THEN),
        "est",
        {"": found.annotations[""]},
        deleting=True,
    )


def test_of_a_secret_only_that_it_is_there() -> None:
    told = SecretVersionObject(SecretMeta("x", "team-a", "u", "7"))
    assert TRANSLATOR.object("Secret", told) == SecretVersion(ObjectKey("Secret", "team-a", "x"), "u", "7")


@pytest.mark.parametrize("told", [{}, SecretObject(data={"token": b"abc"})])
def test_anything_else_is_a_mistake_of_ours(told: object) -> None:
    with pytest.raises(TypeError, match=r"nothing is known of (dict|SecretObject)$"):
        TRANSLATOR.object("Secret", told)
