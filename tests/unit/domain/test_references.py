"""Requests that name an issuer by kind or signerName: what is decided, and when the right to reference is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain import requests, rights
from domain.effects import NOTHING, Effects, Review, Sign
from domain.errors import ClusterError, Conflict, Forbidden, Invalid, NotFound, Throttled, Transient
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    UNKNOWN_KIND,
    Approval,
    Issued,
    ObjectKey,
    Request,
    Requester,
    RequestSnapshot,
)
from domain.outcomes import RequestOutcome
from entrypoints.issuer import NAMES
from tests.support.factories import (
    HOUR,
    MINUTE,
    NAMESPACE,
    POLICY,
    SECOND,
    a_request,
    a_snapshot,
    an_attempt,
    at,
    issuer_key,
    ready,
    secret_key,
    told,
    words,
)
from tests.support.harness import Harness
from tests.support.scenes import events, issued, message, reason, signed, with_issuer, with_request, with_secret
from tests.unit.domain.deciding import (
    CR,
    CSR,
    NOW,
    WAITING,
    cr_condition,
    decide,
    effects,
    every_kind,
    failed_status,
    status_of,
)

NO_ISSUER = ObjectKey(UNKNOWN_KIND, NAMESPACE, "ca")
WHY = "spec.issuerRef.kind: 'SampleIsuer' is no kind of ours"
UNSERVED = f"No issuer can sign this request: {WHY}"
CA = issuer_key()
ANNA, BERT = Requester("anna", groups=("dev",)), Requester("bert")
NO_ANSWER = f"the API server did not say whether the requester may reference {NAMES.issuer} team-a/ca: "


def unserved(kind: str = CR, **changes: Any) -> RequestSnapshot:
    return RequestSnapshot(a_request(kind, issuer=NO_ISSUER, unserved=WHY, **changes), None)


def by_anna(**changes: Any) -> Request:
    """A Kubernetes CSR for an issuer in a namespace."""
    return a_request(CSR, issuer=CA, requester=ANNA, **changes)


def asked_by(harness: Harness, requester: Requester, **changes: Any) -> ObjectKey:
    """The same, in a harness."""
    name = f"by-{requester.username}"
    return with_request(harness, name, CERTIFICATE_SIGNING_REQUEST, issuer=CA, requester=requester, **changes)


def reviewed(snapshot: RequestSnapshot, allowed: bool) -> Effects | Sign:
    return requests.reviewed(snapshot, an_attempt(), allowed, at(NOW), NAMES)


@pytest.mark.parametrize("approval", [Approval.UNDECIDED, Approval.APPROVED])
def test_an_unknown_kind_is_told_by_condition_and_event_approved_or_not(approval: Approval) -> None:
    first = effects(unserved(approval=approval))
    condition = cr_condition("False", "Pending", UNSERVED)
    assert words(first.patch.status if first.patch else None) == ("False", "Pending", UNSERVED)
    assert told(first.event) == ("Warning", "Pending", UNSERVED)
    again = effects(unserved(approval=approval, ready=condition))
    assert (again.patch, again.event, again.requeue_after) == (None, None, None)


def test_an_unknown_kind_that_was_denied_is_denied() -> None:
    decision = effects(unserved(approval=Approval.DENIED))
    assert status_of(decision) == failed_status(CR, "The request was denied by an approver", "Denied")


@pytest.mark.parametrize("row", ["deleting", "invalid", "has_certificate"])
def test_an_unknown_kind_is_left_alone_where_every_request_is(row: str) -> None:
    changes: dict[str, Any] = {row: True}
    assert decide(unserved(**changes)) is NOTHING


def test_a_signer_name_without_a_namespace_is_told_by_one_event() -> None:
    first = effects(unserved(CSR, approval=Approval.UNDECIDED))
    assert first.patch is None
    assert told(first.event) == ("Warning", "Pending", UNSERVED)
    again = effects(unserved(CSR), first.attempt)
    assert (again.patch, again.event, again.requeue_after) == (None, None, None)


async def test_what_a_tenant_calls_a_kind_becomes_no_label_of_a_metric() -> None:
    harness = Harness()
    key = with_request(harness, issuer=NO_ISSUER, unserved=WHY)
    await harness.run()
    assert (reason(harness), message(harness)) == ("Pending", UNSERVED)
    assert events(harness) == [("Pending", 1)]
    harness.cluster.update(key, approval=Approval.DENIED)
    await harness.run()
    assert reason(harness) == "Denied"
    assert harness.metrics.answers == {(CERTIFICATE_REQUEST, "Unknown", RequestOutcome.DENIED): 1}
    assert signed(harness) == []


@pytest.mark.parametrize("issuer", ["Ready", "not Ready", "missing"])
def test_the_right_to_reference_is_asked_for_before_the_issuer_is_looked_at(issuer: str) -> None:
    request = by_anna()
    snapshot = {
        "Ready": a_snapshot(request),
        "not Ready": a_snapshot(request, ready=ready("False", "Pending")),
        "missing": RequestSnapshot(request, None),
    }[issuer]
    assert decide(snapshot) == Review(CA, an_attempt())
    refused = reviewed(snapshot, False)
    assert isinstance(refused, Effects)
    text = "The requester may not use the issuer: " + rights.to_reference(request, NAMES)
    assert status_of(refused) == failed_status(CSR, text, "DeniedReference")
    assert told(refused.event) == ("Warning", "DeniedReference", text)
    assert (refused.attempt, refused.requeue_after) == (None, None)


def test_a_requester_that_may_reference_waits_until_the_issuer_is_ready() -> None:
    request = by_anna()
    assert isinstance(reviewed(a_snapshot(request), True), Sign)
    missing = reviewed(RequestSnapshot(request, None), True)
    assert isinstance(missing, Effects)
    assert told(missing.event) == ("Normal", "Pending", WAITING + f"{NAMES.issuer} team-a/ca not found")


@pytest.mark.parametrize("approval", [Approval.UNDECIDED, Approval.DENIED])
def test_a_request_that_is_not_approved_is_not_reviewed(approval: Approval) -> None:
    assert isinstance(decide(a_snapshot(by_anna(approval=approval))), Effects)


def test_an_answer_that_only_has_to_be_written_is_not_reviewed() -> None:
    decision = effects(a_snapshot(by_anna()), an_attempt(outcome=Issued(b"kept")))
    assert decision.patch is not None


@every_kind
def test_cluster_issuers_and_certificate_requests_need_no_review(kind: str) -> None:
    assert isinstance(decide(a_snapshot(a_request(kind, requester=ANNA))), Sign)
    assert isinstance(decide(a_snapshot(a_request(CR, issuer=CA, requester=ANNA))), Sign)


def test_a_cluster_that_does_not_answer_is_asked_again_without_an_end() -> None:
    trouble = Throttled("later", MINUTE)
    first = requests.unreviewed(by_anna(), an_attempt(failures=2), trouble, POLICY)
    assert first.patch is None
    assert told(first.event) == ("Warning", "Pending", f"Temporary error. Retrying: {NO_ANSWER}later")
    assert first.attempt is not None
    assert (first.attempt.failures, first.requeue_after) == (3, MINUTE)
    soon = requests.unreviewed(by_anna(), an_attempt(), Transient("down"), POLICY)
    assert timedelta(0) < (soon.requeue_after or timedelta(0)) <= SECOND


async def a_harness_with_an_issuer() -> Harness:
    harness = Harness()
    with_secret(harness, secret_key(CA))
    with_issuer(harness, CA)
    await harness.run()
    return harness


async def test_a_requester_with_the_right_is_served_and_another_gets_failed() -> None:
    harness = await a_harness_with_an_issuer()
    harness.access_review.grant("dev", NAMESPACE, "ca")
    anna, bert = asked_by(harness, ANNA), asked_by(harness, BERT)
    await harness.run()
    assert issued(harness, anna)
    assert reason(harness, bert) == "DeniedReference"
    assert "user 'bert' is not allowed the verb reference" in message(harness, bert)
    assert harness.metrics.answers == {
        (CERTIFICATE_SIGNING_REQUEST, NAMES.issuer, RequestOutcome.ISSUED): 1,
        (CERTIFICATE_SIGNING_REQUEST, NAMES.issuer, RequestOutcome.FAILED): 1,
    }
    assert len(signed(harness)) == 1


@pytest.mark.parametrize("failure", [Transient, Forbidden, NotFound, Conflict, Invalid, Throttled])
async def test_a_review_that_fails_is_retried_and_never_taken_for_a_yes(failure: type[ClusterError]) -> None:
    harness = await a_harness_with_an_issuer()
    harness.access_review.grant("anna", NAMESPACE)
    harness.access_review.faults += [failure("no answer") for _ in range(30)]
    key = asked_by(harness, ANNA)
    await harness.advance(HOUR)  # many times what a signer's failures may take
    assert (signed(harness), harness.cluster.status(key)) == ([], None)
    assert events(harness, key) == [("Pending", 1)]
    harness.access_review.faults.clear()
    await harness.advance(HOUR)
    assert issued(harness, key)
    assert set(harness.access_review.asked) == {("anna", CA)}


async def test_an_unapproved_request_causes_no_review() -> None:
    harness = await a_harness_with_an_issuer()
    asked_by(harness, ANNA, approval=Approval.UNDECIDED, approved_at=None)
    await harness.advance(HOUR)
    assert harness.access_review.asked == []
