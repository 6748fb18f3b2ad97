"""The table "Requests", row by row, for both kinds: what is done before any signer is asked.

Each test's id quotes its row; what is written, told and planned is compared whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain import requests, rights
from domain.effects import NOTHING, RequestStatus, Sign
from domain.errors import SigningError
from domain.model import (
    Approval,
    Credentials,
    Issued,
    Pending,
    PendingOrder,
    RequestSnapshot,
    SignRequest,
)
from domain.retry import Attempt
from entrypoints.issuer import NAMES
from tests.support.factories import (
    HOUR,
    ISSUER_KINDS,
    POLICY,
    SECOND,
    T0,
    a_request,
    a_snapshot,
    a_spec,
    an_attempt,
    an_issuer,
    at,
    cluster_issuer_key,
    issuer_key,
    ready,
    told,
)
from tests.unit.domain.deciding import (
    CR,
    CSR,
    DENIED_WORDS,
    NOW,
    UNAPPROVED,
    WAITING,
    approved_kinds,
    cr_condition,
    decide,
    effects,
    every_kind,
    failed_status,
    settle,
    status_of,
)

LEFT_ALONE: dict[str, dict[str, Any]] = {
    "issuerRef is not ours, or foreign signerName": {"issuer": None},
    "deletionTimestamp set": {"deleting": True},
    "certificate present": {"has_certificate": True},
    "CSR Failed": {"failed": True},
}


@every_kind
@pytest.mark.parametrize("row", LEFT_ALONE)
@pytest.mark.parametrize("approval", Approval)
def test_nothing_ever(kind: str, row: str, approval: Approval) -> None:
    request = a_request(kind, approval=approval, **LEFT_ALONE[row])
    attempt = an_attempt(outcome=Issued(b"kept"), announced="x")
    assert decide(RequestSnapshot(request, an_issuer(cluster_issuer_key())), attempt) is NOTHING


@pytest.mark.parametrize(
    "changes",
    [
        {"invalid": True},
        {"ready": ready("True", "Issued")},
        {"ready": ready("False", "Failed")},
        {"ready": ready("False", "Denied")},
    ],
    ids=["InvalidRequest=True", "Ready=True", "Ready=False/Failed", "Ready=False/Denied"],
)
@pytest.mark.parametrize("approval", Approval)
def test_nothing_ever_again_for_a_certificate_request(changes: dict[str, Any], approval: Approval) -> None:
    request = a_request(CR, approval=approval, **changes)
    assert decide(a_snapshot(request), an_attempt(outcome=Issued(b"kept"))) is NOTHING


def test_denied__cr_ready_false_denied_and_failure_time_in_one_patch() -> None:
    request = a_request(CR, approval=Approval.DENIED, ready=ready("False", "Pending"))
    decision = effects(a_snapshot(request))
    denied = replace(cr_condition("False", "Denied", DENIED_WORDS), since=T0)  # it was False before
    assert status_of(decision) == RequestStatus(denied, failure_time=NOW)
    assert told(decision.event) == ("Warning", "Denied", DENIED_WORDS)
    assert (decision.attempt, decision.requeue_after) == (None, None)


def test_denied__csr_nothing() -> None:
    assert decide(a_snapshot(a_request(CSR, approval=Approval.DENIED))) is NOTHING


@approved_kinds
def test_denied_wins_over_everything_that_could_be_said_instead(kind: str) -> None:
    request = a_request(kind, approval=Approval.DENIED, problem="spec.duration: nonsense")
    expected = None if kind == CSR else failed_status(CR, DENIED_WORDS, "Denied")
    for snapshot in (RequestSnapshot(request, None), a_snapshot(request), a_snapshot(request, ready=None)):
        assert status_of(effects(snapshot, an_attempt(outcome=Issued(b"too late")))) == expected


@every_kind
@pytest.mark.parametrize("issuer", ["Ready", "not Ready", "missing"])
def test_not_approved__no_status_no_call_one_event(kind: str, issuer: str) -> None:
    request = a_request(kind, approval=Approval.UNDECIDED, approved_at=None, problem="spec.duration: nonsense")
    snapshot = {
        "Ready": a_snapshot(request),
        "not Ready": a_snapshot(request, ready=ready("False", "Pending")),
        "missing": RequestSnapshot(request, None),
    }[issuer]
    first = effects(snapshot)  # most approvers take milliseconds: nothing is said of it yet
    assert (first.patch, first.event, first.requeue_after) == (None, None, POLICY.approval_grace)
    woken = effects(snapshot, first.attempt, now=NOW + SECOND)
    assert (woken.patch, woken.event, woken.requeue_after) == (None, None, POLICY.approval_grace - SECOND)
    late = effects(snapshot, woken.attempt, now=NOW + POLICY.approval_grace)
    assert (late.patch, late.requeue_after) == (None, None)
    assert told(late.event) == ("Normal", "WaitingForApproval", UNAPPROVED + rights.to_approve(request, NAMES))
    again = effects(snapshot, late.attempt, now=NOW + POLICY.approval_grace * 2)
    assert (again.patch, again.event, again.requeue_after) == (None, None, None)


@every_kind
def test_the_grace_given_to_an_approver_does_not_open_the_retry_window_later(kind: str) -> None:
    unapproved = a_snapshot(a_request(kind, approval=Approval.UNDECIDED, approved_at=None))
    waiting = effects(unapproved, Attempt(unapproved.request.uid)).attempt
    assert waiting is not None
    approved = a_snapshot(a_request(kind, approved_at=NOW))
    decision = decide(approved, waiting, now=NOW)
    assert isinstance(decision, Sign)
    end = NOW + POLICY.max_duration
    told = requests.settle(approved, decision.attempt, SigningError("no"), at(end), POLICY)
    assert (told.attempt, told.requeue_after) == (None, None)


@pytest.mark.parametrize("kind", ISSUER_KINDS)
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (None, "{} not found"),
        ({"ready": None}, "{} is not Ready"),
        ({"ready": ready("False", "Pending")}, "{} is not Ready"),
        ({"ready": ready("False", "Failed")}, "{} is not Ready"),
        ({"ready": ready("Unknown", "Initializing")}, "{} is not Ready"),
        ({"generation": 2}, "{} is not Ready"),
    ],
    ids=["issuer missing", "new", "Pending", "Failed", "Initializing", "its status older than its generation"],
)
def test_cr_waits_for_its_issuer__ready_false_pending_saying_which(
    kind: str, changes: dict[str, Any] | None, why: str
) -> None:
    key = issuer_key(kind=kind)
    request = a_request(CR, issuer=key)
    issuer = None if changes is None else an_issuer(key, **changes)
    decision = effects(RequestSnapshot(request, issuer))
    message = WAITING + why.format(key)
    assert status_of(decision) == RequestStatus(cr_condition("False", "Pending", message))
    assert told(decision.event) == ("Normal", "Pending", message)
    assert decision.requeue_after is None  # the issuer wakes it
    assert str(key) in message
    assert key.name in str(key)


def test_cr_that_says_so_already_is_left_as_it_is() -> None:
    request = a_request(CR)
    first = effects(RequestSnapshot(request, None))
    assert first.patch is not None
    assert isinstance(first.patch.status, RequestStatus)
    again = effects(RequestSnapshot(replace(request, ready=first.patch.status.ready), None))
    assert (again.patch, again.event, again.requeue_after) == (None, None, None)


def test_csr_waits_for_its_issuer__an_event_alone_and_only_once() -> None:
    request = a_request(CSR)
    first = effects(RequestSnapshot(request, None))
    assert first.patch is None
    assert told(first.event) == ("Normal", "Pending", WAITING + f"{NAMES.cluster_issuer} ca not found")
    again = effects(RequestSnapshot(request, None), first.attempt)
    assert (again.patch, again.event) == (None, None)
    news = effects(a_snapshot(request, ready=None), first.attempt)
    assert told(news.event) == ("Normal", "Pending", WAITING + f"{NAMES.cluster_issuer} ca is not Ready")


@every_kind
def test_approved_and_ready__may_be_signed(kind: str) -> None:
    snapshot = a_snapshot(a_request(kind))
    assert snapshot.issuer is not None
    assert decide(snapshot) == Sign(snapshot.issuer, an_attempt())


@every_kind
def test_when_it_was_first_seen_approved_is_remembered_and_not_before(kind: str) -> None:
    fresh = an_attempt(first_seen=None)
    undecided = effects(a_snapshot(a_request(kind, approval=Approval.UNDECIDED, approved_at=None)), fresh)
    assert undecided.attempt is not None
    assert undecided.attempt.first_seen is None
    waiting = effects(RequestSnapshot(a_request(kind), None), undecided.attempt)
    assert waiting.attempt is not None
    assert waiting.attempt.first_seen == at(NOW)
    later = decide(a_snapshot(a_request(kind)), waiting.attempt, NOW + HOUR)
    assert isinstance(later, Sign)
    assert later.attempt.first_seen == at(NOW)


@every_kind
@pytest.mark.parametrize("poll_after", [timedelta(0), -HOUR])
def test_a_signer_that_wants_to_be_asked_without_end_is_asked_once_a_second(kind: str, poll_after: timedelta) -> None:
    decision = settle(a_snapshot(a_request(kind)), Pending("wait", poll_after))
    assert decision.requeue_after == POLICY.first == SECOND


@every_kind
def test_no_time_is_so_far_away_that_it_could_not_be_planned(kind: str) -> None:
    decision = settle(a_snapshot(a_request(kind)), Pending("wait", timedelta.max))
    assert decision.requeue_after == timedelta(days=30)
    order = PendingOrder(None, since=T0, due=datetime.max.replace(tzinfo=UTC))
    assert effects(a_snapshot(a_request(kind, order=order))).requeue_after == timedelta(days=30)


@approved_kinds
def test_the_order_holds_what_was_asked(kind: str) -> None:
    request = a_request(kind, is_ca=True)
    issuer, credentials = an_issuer(), Credentials({"token": b"t"}, "3")
    request = replace(request, order=PendingOrder("order-1", since=T0, due=NOW))
    assert requests.sign_request(request, issuer, credentials) == SignRequest(
        uid="uid-request",
        csr=b"a csr",
        usages=("digital signature", "server auth"),
        is_ca=True,
        duration=HOUR,
        issuer=a_spec(issuer.key),
        credentials=credentials,
        handle="order-1",
    )
    assert requests.sign_request(replace(request, order=None), issuer, credentials).handle is None


@every_kind
def test_an_answer_that_was_not_written_is_written_now_whatever_became_of_the_issuer(kind: str) -> None:
    request = a_request(kind)
    answer = Issued(b"kept", b"root", (NOW, NOW + HOUR))
    kept = an_attempt(outcome=answer)
    for snapshot in (a_snapshot(request), RequestSnapshot(request, None), a_snapshot(request, ready=None)):
        assert status_of(effects(snapshot, kept)) == status_of(settle(a_snapshot(request), answer))
