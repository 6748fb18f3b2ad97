"""The table "Requests", row by row, for all kinds: what follows from what the signer said.

Each test's id quotes its row; what is written, told and planned is compared whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import pods, requests
from domain.effects import Effects, PodCertificateStatus, RequestStatus, SigningRequestStatus
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, SigningError, Throttled
from domain.model import (
    Condition,
    Issued,
    ObjectKey,
    Pending,
    PendingOrder,
    Request,
    RequestSnapshot,
)
from domain.retry import fraction
from tests.support.factories import HOUR, MINUTE, POLICY, SECOND, T0, a_request, a_snapshot, an_attempt, at, ready, told
from tests.unit.domain.deciding import (
    CR,
    CSR,
    NOW,
    ORDERED,
    POD,
    REJECTED,
    RETRYING,
    WAITING,
    approved_kinds,
    cr_condition,
    effects,
    every_kind,
    failed_status,
    settle,
    status_of,
)


@every_kind
def test_signed__certificate_ca_and_ready_true_issued_in_one_patch(kind: str) -> None:
    answer = Issued(b"leaf+intermediate", b"root", (NOW, NOW + HOUR))
    decision = settle(a_snapshot(a_request(kind)), answer)
    issued = Condition("Issued", "True", "Issued", "Signed", NOW)
    refresh_at = pods.refresh_at(NOW, NOW + HOUR, None, fraction("uid-request"))
    expected = {
        CR: RequestStatus(cr_condition("True", "Issued", "Signed"), b"leaf+intermediate", b"root"),
        CSR: SigningRequestStatus(b"leaf+intermediate"),
        POD: PodCertificateStatus(issued, b"leaf+intermediate", NOW, NOW + HOUR, refresh_at),
    }[kind]
    assert status_of(decision) == expected
    assert told(decision.event) == ("Normal", "Issued", "Signed")
    assert (decision.attempt, decision.requeue_after) == (None, None)


@every_kind
def test_pending_from_the_signer__polled_with_its_reason_and_handle(kind: str) -> None:
    answer = Pending("an operator looks at it", 20 * SECOND, "order-7")
    decision = settle(a_snapshot(a_request(kind)), answer, an_attempt(failures=5))
    message, order = ORDERED + "an operator looks at it", PendingOrder("order-7", since=NOW, due=NOW + 20 * SECOND)
    assert (
        status_of(decision)
        == {
            CR: RequestStatus(cr_condition("False", "Pending", message), order=order),
            CSR: SigningRequestStatus(order=order),
            POD: None,  # remembered by this process alone
        }[kind]
    )
    assert told(decision.event) == ("Normal", "Pending", message)
    assert decision.requeue_after == 20 * SECOND
    assert decision.attempt is not None
    assert (decision.attempt.failures, decision.attempt.outcome) == (0, None)
    assert decision.attempt.order == (order if kind == POD else None)


@approved_kinds
def test_pending_again__its_new_time_is_kept_and_nothing_told(kind: str) -> None:
    first = settle(a_snapshot(a_request(kind)), Pending("wait", MINUTE, "order-7"))
    again = requests.settle(
        a_snapshot(written(kind, first)), first.attempt or an_attempt(), Pending("wait", HOUR), at(NOW + MINUTE), POLICY
    )
    assert again.event is None
    assert again.patch is not None
    assert isinstance(again.patch.status, RequestStatus | SigningRequestStatus)
    assert again.patch.status.order == PendingOrder(None, since=NOW, due=NOW + MINUTE + HOUR)


@approved_kinds
@pytest.mark.parametrize("outcome", [SigningError("stutters"), IssuerUnhealthy("down")], ids=["retried", "waiting"])
def test_an_order_is_kept_with_every_write_until_it_is_answered(kind: str, outcome: Exception) -> None:
    request = written(kind, settle(a_snapshot(a_request(kind)), Pending("wait", MINUTE, "order-7")))
    status = status_of(settle(a_snapshot(request), outcome))
    assert status is None if kind == CSR else isinstance(status, RequestStatus) and status.order == request.order
    for answer in (Issued(b"leaf"), RequestRejected("no")):
        status = status_of(settle(a_snapshot(request), answer))
        assert isinstance(status, RequestStatus | SigningRequestStatus)
        assert status.order is None


@every_kind
def test_a_handle_that_no_status_should_hold_is_a_failing_try(kind: str) -> None:
    decision = settle(a_snapshot(a_request(kind)), Pending("wait", MINUTE, "x" * 4097))
    why = "the signer's handle has 4,097 characters, 4,096 are allowed"
    assert told(decision.event) == ("Warning", "Pending", RETRYING + why)
    assert settle(a_snapshot(a_request(kind)), Pending("wait", MINUTE, "x" * 4096)).requeue_after == MINUTE


@every_kind
def test_pending_from_the_signer__not_bounded_by_the_retry_deadline(kind: str) -> None:
    snapshot = a_snapshot(a_request(kind))
    late = requests.settle(snapshot, an_attempt(), Pending("soon", MINUTE), at(T0 + 1000 * HOUR), POLICY)
    assert late.requeue_after == MINUTE
    assert late.attempt is not None


@every_kind
@pytest.mark.parametrize("outcome", [RequestRejected("spec.usages: 'email protection' is not allowed"), None])
def test_request_rejected__failed_and_failure_time_in_one_patch(kind: str, outcome: RequestRejected | None) -> None:
    why = "spec.usages: 'email protection' is not allowed"
    request = a_request(kind, problem="" if outcome else why)
    decision = settle(a_snapshot(request), outcome) if outcome else effects(RequestSnapshot(request, None))
    assert status_of(decision) == failed_status(kind, REJECTED + why)
    assert told(decision.event) == ("Warning", "Failed", REJECTED + why)
    assert (decision.attempt, decision.requeue_after) == (None, None)


@every_kind
@pytest.mark.parametrize("failure", [IssuerUnhealthy("the CA is down"), IssuerFailed("the CA is down")])
def test_issuer_unhealthy__waits_for_its_issuer_without_a_retry_of_its_own(kind: str, failure: Exception) -> None:
    decision = settle(a_snapshot(a_request(kind)), failure, an_attempt(failures=3))
    message = WAITING + "the CA is down"
    assert status_of(decision) == (RequestStatus(cr_condition("False", "Pending", message)) if kind == CR else None)
    assert told(decision.event) == ("Normal", "Pending", message)
    assert decision.requeue_after is None
    assert decision.attempt is not None
    assert decision.attempt.failures == 3


@every_kind
@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (SigningError("the CA stutters"), "the CA stutters"),
        (Throttled("too many requests"), "too many requests"),
        (RuntimeError("s3cr3t"), "unexpected RuntimeError in the signer (the manager's log says where)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_any_other_error__ready_false_pending_and_backoff(kind: str, failure: Exception, why: str) -> None:
    decision = settle(a_snapshot(a_request(kind)), failure, an_attempt(failures=2))
    status = RequestStatus(cr_condition("False", "Pending", RETRYING + why))
    assert status_of(decision) == (status if kind == CR else None)
    assert told(decision.event) == ("Warning", "Pending", RETRYING + why)
    assert decision.attempt is not None
    assert decision.attempt.failures == 3
    assert decision.requeue_after == POLICY.backoff(3, "uid-request")


@every_kind
def test_a_failing_retry_tells_its_event_again_but_writes_nothing_new(kind: str) -> None:
    request = a_request(kind)
    first = settle(a_snapshot(request), SigningError("no"))
    if first.patch is not None:
        assert isinstance(first.patch.status, RequestStatus)
        request = replace(request, ready=first.patch.status.ready)
    again = requests.settle(
        a_snapshot(request), first.attempt or an_attempt(), SigningError("no"), at(NOW + SECOND), POLICY
    )
    assert again.patch is None
    assert again.event == first.event
    assert again.requeue_after == POLICY.backoff(2, "uid-request")


def written(kind: str, told: Effects) -> Request:
    """The request with the status that was to be written."""
    status = status_of(told)
    assert isinstance(status, RequestStatus | SigningRequestStatus)
    ready = status.ready if isinstance(status, RequestStatus) else None
    return a_request(kind, ready=ready, order=status.order)


def test_a_patch_and_an_event_name_the_request_they_are_about() -> None:
    request: Request = a_request(CR, key=ObjectKey(CR, "n", "a-name"), uid="u", resource_version="41")
    decision = settle(a_snapshot(request), Issued(b"leaf"))
    assert decision.patch is not None
    assert (decision.patch.key, decision.patch.resource_version) == (request.key, "41")
    assert decision.event is not None
    assert (decision.event.regarding, decision.event.uid, decision.event.action) == (request.key, "u", "Sign")


def test_transition_time_moves_with_the_status_alone() -> None:
    waiting = a_request(CR, ready=ready("False", "Pending", T0))
    for outcome in (RequestRejected("no"), SigningError("no"), Pending("soon", timedelta(1))):
        patch = settle(a_snapshot(waiting), outcome).patch
        assert patch is not None
        assert isinstance(patch.status, RequestStatus)
        assert patch.status.ready.since == T0
    patch = settle(a_snapshot(waiting), Issued(b"leaf")).patch
    assert patch is not None
    assert isinstance(patch.status, RequestStatus)
    assert patch.status.ready.since == NOW
