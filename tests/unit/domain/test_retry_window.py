"""Until when a request is retried.

The window opens when the request could first have been signed. Neither a late approval, nor an outage of its
issuer, nor a CA that took its time to answer uses it up; after it the request is Failed, never before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain import requests
from domain.effects import Effects
from domain.errors import SigningError
from domain.model import PendingOrder, RequestSnapshot
from domain.retry import Attempt
from tests.support.factories import (
    APPROVED_KINDS,
    HOUR,
    KINDS,
    POLICY,
    SECOND,
    T0,
    a_request,
    a_snapshot,
    an_attempt,
    at,
    ready,
    told,
)
from tests.unit.domain.deciding import failed_status

WINDOW = POLICY.max_duration
GIVEN_UP = "Given up after retrying for 10m: the CA stutters"
every_kind = pytest.mark.parametrize("kind", KINDS)


def failing(snapshot: RequestSnapshot, now: datetime, attempt: Attempt | None = None) -> Effects:
    return requests.settle(snapshot, attempt or an_attempt(), SigningError("the CA stutters"), at(now), POLICY)


def reason(effects: Effects) -> str:
    assert effects.event is not None
    return effects.event.reason


@every_kind
def test_any_other_error_after_max_retry_duration__failed(kind: str) -> None:
    now = T0 + WINDOW
    decision = failing(a_snapshot(a_request(kind)), now)
    assert decision.patch is not None
    assert decision.patch.status == failed_status(kind, GIVEN_UP, now=now)
    assert told(decision.event) == ("Warning", "Failed", GIVEN_UP)
    assert (decision.attempt, decision.requeue_after) == (None, None)


@every_kind
def test_one_moment_before_the_end_there_is_one_more_try_at_the_end(kind: str) -> None:
    decision = failing(a_snapshot(a_request(kind)), T0 + WINDOW - SECOND, an_attempt(failures=9))
    assert reason(decision) == "Pending"
    assert decision.requeue_after == SECOND


@pytest.mark.parametrize("kind", APPROVED_KINDS)
@pytest.mark.parametrize(
    ("approved", "first_seen", "issuer_ready", "opens"),
    [
        (T0 + HOUR, T0, T0, T0 + HOUR),
        (T0, T0 + HOUR, T0, T0),
        (T0, T0, T0 + HOUR, T0 + HOUR),
        (T0 + HOUR, T0, T0 + 2 * HOUR, T0 + 2 * HOUR),
        (T0 + 2 * HOUR, T0, T0 + HOUR, T0 + 2 * HOUR),
        (None, T0 + HOUR, T0, T0 + HOUR),
        (None, T0, T0 + HOUR, T0 + HOUR),
    ],
    ids=[
        "at a late approval",
        "at the approval, though this process saw it later",
        "at the issuer's Ready transition after an outage",
        "at the issuer's, later than the approval",
        "at the approval, later than the issuer's",
        "where the approval has no time, when it was first seen",
        "where the approval has no time, at the issuer's if later",
    ],
)
def test_the_window_opens(
    kind: str, approved: datetime | None, first_seen: datetime, issuer_ready: datetime, opens: datetime
) -> None:
    snapshot = a_snapshot(a_request(kind, approved_at=approved), ready=ready(since=issuer_ready))
    attempt = an_attempt(first_seen=at(first_seen))
    assert reason(failing(snapshot, opens + WINDOW - SECOND, attempt)) == "Pending"
    assert reason(failing(snapshot, opens + WINDOW, attempt)) == "Failed"


@every_kind
def test_a_failing_poll_after_days_of_pending_is_retried_and_does_not_fail_the_order(kind: str) -> None:
    late = T0 + 48 * HOUR
    snapshot = a_snapshot(a_request(kind, order=PendingOrder("order-7", since=T0, due=late)))
    assert reason(failing(snapshot, late, Attempt("uid-request"))) == "Pending"


@every_kind
def test_an_order_whose_polls_only_fail_is_given_up_in_the_end(kind: str) -> None:
    due = T0 + 48 * HOUR
    snapshot = a_snapshot(a_request(kind, order=PendingOrder("order-7", since=T0, due=due)))
    effects, now, tries = Effects(attempt=an_attempt()), due, 0
    while effects.attempt is not None:
        effects = failing(snapshot, now, effects.attempt)
        now, tries = now + (effects.requeue_after or timedelta(0)), tries + 1
        assert tries < 20
    assert reason(effects) == "Failed"
    assert tries > 5
    assert now >= due + WINDOW


def test_a_window_of_zero_is_no_second_try() -> None:
    policy = replace(POLICY, max_duration=timedelta(0))
    effects = requests.settle(a_snapshot(a_request()), an_attempt(), SigningError("no"), at(T0), policy)
    assert told(effects.event) == ("Warning", "Failed", "Given up after retrying for 0s: no")
