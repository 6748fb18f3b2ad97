"""The wall clock is set while the manager runs: retries, polls and checks go by the monotonic clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Approval, ObjectKey, Pending, PendingOrder
from tests.support.factories import DAY, HOUR, MINUTE, POLICY, SECOND, T0, a_request, a_snapshot
from tests.support.harness import Harness
from tests.support.scenes import CA, WEB, a_ready_harness, events, is_ready, issued, reason, signed, with_request
from tests.unit.domain.deciding import effects, every_kind

both_directions = pytest.mark.parametrize("set_back", [2 * HOUR, -2 * HOUR], ids=["back", "ahead"])


def stuttering(harness: Harness) -> None:
    """Lets every try of the signer fail, many more times than a retry window has room for."""
    harness.signer.answers.extend(SigningError("the CA stutters") for _ in range(1000))


@every_kind
@both_directions
async def test_a_retry_happens_when_it_is_due(kind: str, set_back: timedelta) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(SigningError("the CA stutters"))
    key = with_request(harness, kind=kind)
    await harness.run()
    harness.clock.set_back = set_back
    await harness.advance(SECOND)
    assert issued(harness, key)


@every_kind
async def test_a_request_whose_approval_lies_in_the_future_is_signed_at_once(kind: str) -> None:
    harness = await a_ready_harness()
    approved = harness.clock.now()
    harness.clock.set_back = 2 * HOUR
    key = with_request(harness, kind=kind, at=approved)
    await harness.run()
    assert issued(harness, key)


@every_kind
async def test_an_approval_in_the_future_does_not_lengthen_the_retries(kind: str) -> None:
    harness = await a_ready_harness()
    stuttering(harness)
    approved = harness.clock.now()
    harness.clock.set_back = 2 * HOUR
    key = with_request(harness, kind=kind, at=approved)
    await harness.advance(POLICY.max_duration - SECOND)
    assert not _failed(harness, key)
    await harness.advance(SECOND)
    assert _failed(harness, key)


@every_kind
@both_directions
async def test_a_step_during_the_retries_makes_their_window_neither_longer_nor_shorter(
    kind: str, set_back: timedelta
) -> None:
    harness = await a_ready_harness()
    stuttering(harness)
    key = with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    harness.clock.set_back = set_back
    await harness.advance(POLICY.max_duration - MINUTE - SECOND)
    assert not _failed(harness, key)
    await harness.advance(SECOND)
    assert _failed(harness, key)


async def test_without_a_time_of_approval_the_window_begins_when_the_request_is_seen() -> None:
    harness = await a_ready_harness()
    await harness.advance(MINUTE)
    harness.signer.hold()
    stuttering(harness)
    harness.cluster.create(a_request(key=WEB, approved_at=None))
    await harness.run()
    harness.clock.set_back = -2 * HOUR
    await harness.advance(MINUTE)
    harness.signer.release_all()
    await harness.advance(POLICY.max_duration - MINUTE - SECOND)
    assert not _failed(harness)
    await harness.advance(SECOND)
    assert _failed(harness)


@every_kind
@both_directions
async def test_an_order_is_asked_for_when_the_ca_said(kind: str, set_back: timedelta) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    key = with_request(harness, kind=kind)
    await harness.run()
    harness.clock.set_back = set_back
    harness.cluster.update(key, annotations={"look": "again"})
    await harness.advance(20 * MINUTE - SECOND)
    assert len(signed(harness)) == 1
    await harness.advance(SECOND)
    assert issued(harness, key)


@both_directions
async def test_an_order_that_fails_after_a_step_is_retried_for_one_window(set_back: timedelta) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    stuttering(harness)
    with_request(harness)
    await harness.run()
    harness.clock.set_back = set_back
    await harness.advance(20 * MINUTE + POLICY.max_duration - SECOND)
    assert not _failed(harness)
    await harness.advance(SECOND)
    assert _failed(harness)


async def test_an_order_from_before_a_restart_waits_no_longer_than_its_whole_time() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    with_request(harness)
    await harness.run()
    await harness.kill()
    harness.clock.set_back = 2 * HOUR
    harness.start()
    await harness.advance(20 * MINUTE)
    assert issued(harness)


@every_kind
def test_an_order_from_the_far_future_waits_for_its_whole_time_alone(kind: str) -> None:
    order = PendingOrder("order-1", since=T0 + DAY, due=T0 + DAY + MINUTE)
    assert effects(a_snapshot(a_request(kind, order=order))).requeue_after == MINUTE


@both_directions
async def test_a_missing_approval_is_told_after_the_time_that_an_approver_may_take(set_back: timedelta) -> None:
    harness = await a_ready_harness()
    with_request(harness, approval=Approval.UNDECIDED, approved_at=None)
    await harness.run()
    harness.clock.set_back = set_back
    harness.cluster.update(WEB, annotations={"look": "again"})
    await harness.advance(POLICY.approval_grace - SECOND)
    assert events(harness) == []
    await harness.advance(SECOND)
    assert events(harness) == [("WaitingForApproval", 1)]


@both_directions
async def test_an_issuer_is_checked_again_when_that_is_due(set_back: timedelta) -> None:
    harness = await a_ready_harness()
    harness.clock.set_back = set_back
    checks = len(harness.signer.checks)
    harness.signer.verdicts.append(IssuerUnhealthy("down"))
    await harness.advance(2 * POLICY.check_interval)
    assert len(harness.signer.checks) > checks + 1
    assert is_ready(harness)
    assert ("Pending", 1) in events(harness, CA)


def _failed(harness: Harness, key: ObjectKey = WEB) -> bool:
    return reason(harness, key) == "Failed"
