"""Which pods an issuer gives certificates to, under which names, and what is written about their requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import answers, pods, requests
from domain.effects import Effects, PodCertificateStatus, Sign
from domain.errors import Invalid, IssuerUnhealthy, RequestRejected, SigningError, UnsupportedKey
from domain.model import POD_CERTIFICATE_REQUEST, Condition, Credentials, Issued, Pending, PendingOrder, RequestSnapshot
from domain.pods import Pod, PodPolicy
from domain.retry import fraction
from entrypoints.issuer import NAMES
from tests.support.factories import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    T0,
    a_pod,
    a_pod_policy,
    a_request,
    a_snapshot,
    a_spec,
    an_attempt,
    cluster_issuer_key,
    ready,
    words,
)
from tests.unit.domain.deciding import NOW, decide, effects, settle, status_of

POD = a_pod()
BEGINS = NOW - 2 * MINUTE
ISSUED = Issued(b"leaf", b"root", (BEGINS, BEGINS + HOUR))


def a_pods_request(policy: PodPolicy | None = None, **changes: Any) -> RequestSnapshot:
    request = a_request(POD_CERTIFICATE_REQUEST, **changes)
    return a_snapshot(request, spec=a_spec(cluster_issuer_key(), pods=policy or a_pod_policy()))


def denied(snapshot: RequestSnapshot) -> str:
    """The reason, of a status that says nothing else."""
    status = status_of(effects(snapshot))
    assert isinstance(status, PodCertificateStatus)
    assert status == PodCertificateStatus(status.condition)
    assert (status.condition.type, status.condition.status) == ("Denied", "True")
    return status.condition.reason


def test_a_pod_that_the_issuer_names_may_be_signed() -> None:
    assert isinstance(decide(a_pods_request()), Sign)


@pytest.mark.parametrize(
    ("service_accounts", "allowed"),
    [
        (("team-a/web",), True),
        (("team-a/*",), True),
        (("*/web",), True),
        (("*/*",), True),
        (("team-b/*", "team-a/web"), True),
        (("team-b/web",), False),
        (("team-a/api",), False),
        (("team-a/we",), False),
        (("team-a/web-0",), False),
        (("team/web",), False),
    ],
)
def test_the_issuer_says_whose_pods_get_certificates(service_accounts: tuple[str, ...], allowed: bool) -> None:
    found = pods.denial(POD, a_pod_policy(service_accounts=service_accounts))
    assert (found is None) is allowed
    if found:
        assert found.reason.reason == "ServiceAccountNotAllowed"
        assert "team-a/web" in found.why


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (
            a_snapshot(a_request(POD_CERTIFICATE_REQUEST), spec=a_spec(cluster_issuer_key(), pods=None)),
            "PodCertificatesNotEnabled",
        ),
        (a_pods_request(a_pod_policy(obstacle="EST reads names in the CSR")), "SignerCannotSetNames"),
        (a_pods_request(a_pod_policy(service_accounts=("b/c",))), "ServiceAccountNotAllowed"),
        (a_pods_request(pod=a_pod(annotations=("example.com/san",))), "InvalidUnverifiedUserAnnotations"),
        (a_pods_request(a_pod_policy(dns_names=("{pod}.{namespace}.x",)), pod=a_pod(name="a.b")), "NoDNSName"),
        (a_pods_request(unserved="signerName: is no cluster issuer"), "SignerNotServed"),
    ],
)
def test_a_denial_says_why_and_is_final(snapshot: RequestSnapshot, reason: str) -> None:
    assert denied(snapshot) == reason
    told = effects(snapshot).event
    assert told is not None
    assert (told.type, told.reason, told.regarding) == ("Warning", reason, snapshot.request.key)


def test_a_request_waits_for_its_issuer_and_tells_the_pod_too() -> None:
    snapshot = RequestSnapshot(a_request(POD_CERTIFICATE_REQUEST), None)
    found = effects(snapshot)
    assert found.patch is None
    told = answers.on_pod(snapshot.request, found)
    assert told is not None
    assert (told.regarding.kind, told.regarding.name, told.uid) == ("Pod", POD.name, POD.uid)
    assert told.note == f"Waiting for the issuer: {NAMES.cluster_issuer} ca not found"
    again = effects(snapshot, found.attempt)
    assert (again.event, answers.on_pod(snapshot.request, again)) == (None, None)


def test_the_kubelet_tells_the_pod_of_an_answer_itself() -> None:
    snapshot = a_pods_request()
    for outcome in (ISSUED, RequestRejected("no")):
        assert answers.on_pod(snapshot.request, settle(snapshot, outcome)) is None


def test_the_order_has_the_names_and_usages_of_the_issuer_and_the_shorter_duration() -> None:
    policy = a_pod_policy(dns_names=("{pod}.{namespace}.pods.example.com",), max_duration=2 * HOUR)
    for asked, expected in ((HOUR, HOUR), (3 * HOUR, 2 * HOUR), (None, 2 * HOUR)):
        snapshot = a_pods_request(policy, duration=asked, usages=("cert sign",), is_ca=False)
        assert snapshot.issuer is not None
        order = requests.sign_request(snapshot.request, snapshot.issuer, Credentials({}))
        assert order.names == pods.AssignedNames(
            "spiffe://example.org/ns/team-a/sa/web", ("web-0.team-a.pods.example.com",)
        )
        assert (order.duration, order.usages, order.is_ca) == (expected, policy.usages, False)


def test_issued_has_the_times_of_the_leaf() -> None:
    status = status_of(settle(a_pods_request(), ISSUED))
    assert isinstance(status, PodCertificateStatus)
    assert status.condition == Condition("Issued", "True", "Issued", "Signed", NOW)
    assert (status.chain, status.begins, status.ends) == (b"leaf", BEGINS, BEGINS + HOUR)
    assert status.refresh_at == pods.refresh_at(BEGINS, BEGINS + HOUR, a_pod_policy(), fraction("uid-request"))


def test_an_answer_that_nobody_verified_is_not_written() -> None:
    with pytest.raises(ValueError, match="not verified"):
        settle(a_pods_request(), Issued(b"leaf"))


def test_failed_and_an_unsupported_key() -> None:
    snapshot = a_pods_request()
    failed = words(settle(snapshot, RequestRejected("no")).patch.status)  # type: ignore[union-attr]
    assert failed == ("True", "Failed", "The request cannot be signed: no")
    status = status_of(settle(snapshot, UnsupportedKey("use P-256")))
    assert isinstance(status, PodCertificateStatus)
    assert (status.condition.type, status.condition.reason) == ("Denied", "UnsupportedKeyType")
    assert "use P-256" in status.condition.message


def test_other_kinds_with_an_unsupported_key_fail() -> None:
    assert words(status_of(settle(a_snapshot(a_request()), UnsupportedKey("use P-256")))) == (  # type: ignore[arg-type]
        "False",
        "Failed",
        "The request cannot be signed: use P-256",
    )


def test_what_cannot_be_written_twice_is_not_written_before_the_end() -> None:
    for outcome in (SigningError("down"), IssuerUnhealthy("down"), Pending("later", MINUTE, "handle")):
        found = settle(a_pods_request(), outcome)
        assert found.patch is None
        assert found.event is not None


def test_an_order_is_remembered_by_this_process() -> None:
    snapshot = a_pods_request()
    taken = settle(snapshot, Pending("later", MINUTE, "handle-7"))
    assert taken.attempt is not None
    assert taken.attempt.order == PendingOrder("handle-7", NOW, NOW + MINUTE)
    known = requests.remembered(snapshot, taken.attempt)
    waiting = decide(known, taken.attempt)
    assert isinstance(waiting, Effects)
    assert waiting.requeue_after == MINUTE
    due = decide(known, taken.attempt, NOW + MINUTE)
    assert isinstance(due, Sign)
    assert known.issuer is not None
    assert requests.sign_request(known.request, known.issuer, Credentials({})).handle == "handle-7"
    again = settle(known, SigningError("down"), due.attempt)
    assert again.attempt is not None
    assert again.attempt.order == taken.attempt.order


@pytest.mark.parametrize(("age", "written"), [(3 * MINUTE, True), (4 * MINUTE, True), (4 * MINUTE + SECOND, False)])
def test_a_certificate_that_begins_too_long_ago_is_signed_anew(age: timedelta, written: bool) -> None:
    begins = NOW - age
    attempt = an_attempt(outcome=replace(ISSUED, validity=(begins, begins + HOUR)))
    decision = decide(a_pods_request(), attempt)
    assert isinstance(decision, Effects) is written
    if isinstance(decision, Sign):
        assert decision.attempt.outcome is None


def test_a_request_that_waited_for_the_manager_is_retried_for_the_whole_window() -> None:
    """No kubelet asks again for a pod whose request has failed."""
    snapshot = a_pods_request(approved_at=T0 - HOUR)
    assert snapshot.issuer is not None
    snapshot = replace(snapshot, issuer=replace(snapshot.issuer, ready=ready(since=T0 - DAY)))
    found = settle(snapshot, SigningError("stutters"))
    assert (found.patch, found.attempt is not None) == (None, True)


def test_a_refused_certificate_of_a_pod_is_signed_anew_and_any_other_fails() -> None:
    refusal = Invalid("status.notBefore: must be near the present")
    for kind, final in ((POD_CERTIFICATE_REQUEST, False), ("CertificateSigningRequest", True)):
        found = requests.refused_certificate(a_request(kind).key, refusal)
        assert isinstance(found, RequestRejected) is final
        assert "near the present" in str(found)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"name": "a" * 64}, "{pod} is 'aaa"),
        ({"name": "a.b"}, "{pod} is 'a.b'"),
        ({"service_account": "a.b"}, "{serviceAccount} is 'a.b'"),
    ],
)
def test_a_value_that_is_no_label_makes_no_name(changes: dict[str, str], why: str) -> None:
    policy = a_pod_policy(
        dns_names=("{pod}.{namespace}.x", "{serviceAccount}.{namespace}.x"), service_accounts=("*/*",)
    )
    found = pods.denial(a_pod(**changes), policy)
    assert found is not None
    assert (found.reason.reason, found.why.startswith(why)) == ("NoDNSName", True)


def test_a_name_that_is_too_long_is_none() -> None:
    policy = a_pod_policy(dns_names=(f"a.{{namespace}}.{'.'.join(['b' * 60] * 4)}.com",))
    found = pods.denial(POD, policy)
    assert found is not None
    assert "characters of at most 253" in found.why


LABELS = st.from_regex(r"[ab]([-ab]{0,2}[ab])?", fullmatch=True)  # few, so that names meet


@st.composite
def identities(draw: st.DrawFn) -> Pod:
    namespace, name, account = draw(LABELS), draw(LABELS), draw(LABELS)
    return a_pod(namespace=namespace, name=name, service_account=account)


TEMPLATES = st.builds(
    lambda first, rest: ".".join([first, "{namespace}", *rest]),
    st.sampled_from(["{pod}", "{serviceAccount}", "a", "b"]),
    st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=2),
)


@given(one=identities(), other=identities(), templates=st.lists(TEMPLATES, max_size=3))
def test_no_two_namespaces_share_a_name(one: Pod, other: Pod, templates: list[str]) -> None:
    policy = a_pod_policy(service_accounts=("*/*",), dns_names=tuple(templates))
    if pods.denial(one, policy) or pods.denial(other, policy) or one.namespace == other.namespace:
        return
    first, second = pods.names(one, policy), pods.names(other, policy)
    assert first.uri != second.uri
    assert not set(first.dns_names) & set(second.dns_names)


@given(
    validity=st.timedeltas(HOUR, 91 * DAY),
    jitter=st.floats(0, 1, exclude_max=True),
    after=st.none() | st.timedeltas(10 * MINUTE, 100 * DAY),
)
def test_the_time_of_renewal_is_one_that_the_api_server_takes(
    validity: timedelta, jitter: float, after: timedelta | None
) -> None:
    validity -= timedelta(microseconds=validity.microseconds)
    ends = T0 + validity
    found = pods.refresh_at(T0, ends, a_pod_policy(refresh_after=after), jitter)
    assert T0 + 10 * MINUTE <= found <= ends - 10 * MINUTE
    if after is None:
        assert 0.61 < (found - T0) / validity < 0.72
    elif after <= validity - 10 * MINUTE:
        assert timedelta(0) <= after - (found - T0) < SECOND
