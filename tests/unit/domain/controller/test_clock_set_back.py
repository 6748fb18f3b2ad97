"""The wall clock is set while the manager runs: retries, polls and checks go by the monotonic clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Approval, ObjectKey, Pending, PendingOrder
from tests.support.factories import DAY, HOUR, MINUTE, POLICY, SECOND, T0, a_request, a_snapshot
from tests.support.harness import Harness
from tests.support.scenes import CA, WEB, a_ready_world, events, is_ready, issued, reason, signed, with_request
from tests.unit.domain.deciding import both_kinds, effects

both_directions = pytest.mark.parametrize("set_back", [2 * HOUR, -2 * HOUR], ids=["back", "ahead"])


def stuttering(world: Harness) -> None:
    """Lets every try of the signer fail, many more times than a retry window has room for."""
    world.signer.answers.extend(SigningError("the CA stutters") for _ in range(1000))


@both_kinds
@both_directions
async def test_a_retry_happens_when_it_is_due(kind: str, set_back: timedelta) -> None:
    world = await a_ready_world()
    world.signer.answers.append(SigningError("the CA stutters"))
    key = with_request(world, kind=kind)
    await world.run()
    world.clock.set_back = set_back
    await world.advance(SECOND)
    assert issued(world, key)


@both_kinds
async def test_a_request_whose_approval_lies_in_the_future_is_signed_at_once(kind: str) -> None:
    world = await a_ready_world()
    approved = world.clock.now()
    world.clock.set_back = 2 * HOUR
    key = with_request(world, kind=kind, at=approved)
    await world.run()
    assert issued(world, key)


@both_kinds
async def test_an_approval_in_the_future_does_not_lengthen_the_retries(kind: str) -> None:
    world = await a_ready_world()
    stuttering(world)
    approved = world.clock.now()
    world.clock.set_back = 2 * HOUR
    key = with_request(world, kind=kind, at=approved)
    await world.advance(POLICY.max_duration - SECOND)
    assert not _failed(world, key)
    await world.advance(SECOND)
    assert _failed(world, key)


@both_kinds
@both_directions
async def test_a_step_during_the_retries_makes_their_window_neither_longer_nor_shorter(
    kind: str, set_back: timedelta
) -> None:
    world = await a_ready_world()
    stuttering(world)
    key = with_request(world, kind=kind)
    await world.advance(MINUTE)
    world.clock.set_back = set_back
    await world.advance(POLICY.max_duration - MINUTE - SECOND)
    assert not _failed(world, key)
    await world.advance(SECOND)
    assert _failed(world, key)


async def test_without_a_time_of_approval_the_window_begins_when_the_request_is_seen() -> None:
    world = await a_ready_world()
    await world.advance(MINUTE)
    world.signer.hold()
    stuttering(world)
    world.cluster.create(a_request(key=WEB, approved_at=None))
    await world.run()
    world.clock.set_back = -2 * HOUR
    await world.advance(MINUTE)
    world.signer.release_all()
    await world.advance(POLICY.max_duration - MINUTE - SECOND)
    assert not _failed(world)
    await world.advance(SECOND)
    assert _failed(world)


@both_kinds
@both_directions
async def test_an_order_is_asked_for_when_the_ca_said(kind: str, set_back: timedelta) -> None:
    world = await a_ready_world()
    world.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    key = with_request(world, kind=kind)
    await world.run()
    world.clock.set_back = set_back
    world.cluster.update(key, annotations={"look": "again"})
    await world.advance(20 * MINUTE - SECOND)
    assert len(signed(world)) == 1
    await world.advance(SECOND)
    assert issued(world, key)


@both_directions
async def test_an_order_that_fails_after_a_step_is_retried_for_one_window(set_back: timedelta) -> None:
    world = await a_ready_world()
    world.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    stuttering(world)
    with_request(world)
    await world.run()
    world.clock.set_back = set_back
    await world.advance(20 * MINUTE + POLICY.max_duration - SECOND)
    assert not _failed(world)
    await world.advance(SECOND)
    assert _failed(world)


async def test_an_order_from_before_a_restart_waits_no_longer_than_its_whole_time() -> None:
    world = await a_ready_world()
    world.signer.answers.append(Pending("wait", 20 * MINUTE, "order-1"))
    with_request(world)
    await world.run()
    await world.kill()
    world.clock.set_back = 2 * HOUR
    world.start()
    await world.advance(20 * MINUTE)
    assert issued(world)


@both_kinds
def test_an_order_from_the_far_future_waits_for_its_whole_time_alone(kind: str) -> None:
    order = PendingOrder("order-1", since=T0 + DAY, due=T0 + DAY + MINUTE)
    assert effects(a_snapshot(a_request(kind, order=order))).requeue_after == MINUTE


@both_directions
async def test_a_missing_approval_is_told_after_the_time_that_an_approver_may_take(set_back: timedelta) -> None:
    world = await a_ready_world()
    with_request(world, approval=Approval.UNDECIDED, approved_at=None)
    await world.run()
    world.clock.set_back = set_back
    world.cluster.update(WEB, annotations={"look": "again"})
    await world.advance(POLICY.approval_grace - SECOND)
    assert events(world) == []
    await world.advance(SECOND)
    assert events(world) == [("WaitingForApproval", 1)]


@both_directions
async def test_an_issuer_is_checked_again_when_that_is_due(set_back: timedelta) -> None:
    world = await a_ready_world()
    world.clock.set_back = set_back
    checks = len(world.signer.checks)
    world.signer.verdicts.append(IssuerUnhealthy("down"))
    await world.advance(2 * POLICY.check_interval)
    assert len(world.signer.checks) > checks + 1
    assert is_ready(world)
    assert ("Pending", 1) in events(world, CA)


def _failed(world: Harness, key: ObjectKey = WEB) -> bool:
    return reason(world, key) == "Failed"
