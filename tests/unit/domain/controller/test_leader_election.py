"""Who leads: one at a time, whatever the clocks say and however late answers come."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.controller.leader_election import LeaderElectionState, LeaseTimes
from domain.ports import LeaseRecord
from tests.support.factories import HOUR, SECOND, T0

TIMES = LeaseTimes()
ZERO = timedelta(0)
LONG_AGO = datetime.min.replace(tzinfo=T0.tzinfo)


def candidate(identity: str = "a") -> LeaderElectionState:
    return LeaderElectionState(identity, TIMES)


def held(by: str, version: str = "1", **changes: object) -> LeaseRecord:
    return LeaseRecord(by, **{"duration": TIMES.held, "transitions": 3, "version": version, **changes})  # type: ignore[arg-type]


def leading(since: timedelta = ZERO) -> LeaderElectionState:
    leader = candidate()
    leader.observe(None, since)
    wanted = leader.wanted(since, T0)
    assert wanted is not None
    leader.took(LeaseRecord(wanted.holder, wanted.duration, version="1"), since)
    return leader


@pytest.mark.parametrize(
    ("duration", "deadline", "period"),
    [(15, 15, 2), (15, 14, 2), (10, 15, 2), (15, 10, 10), (15, 10, 11), (15, 10, 0), (15, 10, -1), (1, 0.5, 0.1)],
)
def test_times_with_which_two_could_lead_are_refused(duration: float, deadline: float, period: float) -> None:
    with pytest.raises(ValueError, match="must be longer than"):
        LeaseTimes(duration * SECOND, deadline * SECOND, period * SECOND)


def test_the_times_follow_one_another() -> None:
    assert TIMES.renew_deadline < TIMES.work_deadline < TIMES.held
    assert TIMES.held + TIMES.look_period <= TIMES.duration
    assert TIMES.look_period * 2 <= 2 * SECOND


def test_nobody_leads_before_having_written() -> None:
    one = candidate()
    assert not one.is_leader(ZERO)
    one.observe(None, ZERO)
    assert not one.is_leader(ZERO)
    assert one.wanted(ZERO, T0) == LeaseRecord("a", TIMES.held, 0, T0, T0, "")
    assert not one.is_leader(ZERO)


def test_who_has_written_leads_until_the_deadline_counted_from_before_the_write() -> None:
    one = leading(5 * SECOND)
    assert one.is_leader(5 * SECOND + TIMES.renew_deadline - timedelta.resolution)
    assert not one.is_leader(5 * SECOND + TIMES.renew_deadline)


def test_a_renewal_keeps_when_and_how_often_it_was_acquired() -> None:
    one = leading()
    one.observe(held("a", "7", acquired=T0, renewed=T0), 2 * SECOND)
    wanted = one.wanted(2 * SECOND, T0 + 2 * SECOND)
    assert wanted == LeaseRecord("a", TIMES.held, 3, T0, T0 + 2 * SECOND, "7")


def test_anothers_lease_is_waited_for_from_when_it_was_seen_whatever_its_times_say() -> None:
    one = candidate()
    for renewed in (LONG_AGO, T0, T0 + 1000 * HOUR):
        one.observe(held("b", str(renewed), renewed=renewed), 100 * SECOND)
        assert one.wanted(100 * SECOND + TIMES.held - timedelta.resolution, T0 + HOUR) is None
        assert one.wanted(100 * SECOND + TIMES.held, T0 - HOUR) is not None


def test_a_lease_seen_unchanged_again_is_not_waited_for_anew() -> None:
    one = candidate()
    one.observe(held("b"), ZERO)
    one.observe(held("b"), TIMES.held - SECOND)
    assert one.wanted(TIMES.held, T0) == LeaseRecord("a", TIMES.held, 4, T0, T0, "1")


def test_a_renewed_one_is() -> None:
    one = candidate()
    one.observe(held("b"), ZERO)
    one.observe(held("b", "2"), TIMES.held - SECOND)
    assert one.wanted(TIMES.held, T0) is None


def test_a_lease_that_runs_longer_or_says_nothing_is_waited_for_accordingly() -> None:
    for duration, wait in ((HOUR, HOUR), (ZERO, TIMES.held)):
        one = candidate()
        one.observe(held("b", duration=duration), ZERO)
        assert one.wanted(wait - timedelta.resolution, T0) is None
        assert one.wanted(wait, T0) is not None


def test_a_released_lease_is_taken_at_once() -> None:
    one = candidate()
    one.observe(held("b"), ZERO)
    one.observe(held("", "2"), SECOND)
    assert one.wanted(SECOND, T0) == LeaseRecord("a", TIMES.held, 4, T0, T0, "2")


def test_who_releases_leads_no_more_and_gives_back_what_is_his_alone() -> None:
    one = leading()
    assert one.released(T0 + SECOND) == LeaseRecord("", SECOND, 0, T0 + SECOND, T0 + SECOND, "1")
    assert not one.is_leader(ZERO)
    one.observe(held("b", "2"), SECOND)
    assert one.released(T0) is None
    assert candidate().released(T0) is None


def test_who_sees_another_in_his_place_leads_no_more() -> None:
    one = leading()
    one.observe(held("b", "2"), SECOND)
    assert not one.is_leader(SECOND)
    assert one.holder == "b"


def test_begun_work_may_go_on_until_its_deadline_but_not_beside_another_leader() -> None:
    one = leading(5 * SECOND)
    assert one.work_left(5 * SECOND + TIMES.renew_deadline) == TIMES.work_deadline - TIMES.renew_deadline
    one.observe(held("b", "2"), 6 * SECOND)
    assert one.work_left(6 * SECOND) == ZERO
    assert candidate().work_left(SECOND) == ZERO


def test_somebody_elses_annotation_costs_nobody_the_lead() -> None:
    one = leading()
    one.observe(held("a", "2"), SECOND)
    assert one.is_leader(SECOND)
    wanted = one.wanted(SECOND, T0)
    assert wanted is not None
    assert wanted.version == "2"


def test_a_deleted_lease_is_written_anew_by_its_holder_and_waited_for_by_the_others() -> None:
    leader, other = leading(), candidate("b")
    other.observe(held("a"), ZERO)
    for one in (leader, other):
        one.observe(None, SECOND)
    anew = leader.wanted(SECOND, T0)
    assert anew is not None
    assert (anew.holder, anew.version) == ("a", "")
    assert leader.is_leader(SECOND)
    assert other.wanted(TIMES.held - timedelta.resolution, T0) is None
    assert other.wanted(TIMES.held, T0) == LeaseRecord("b", TIMES.held, 4, T0, T0, "")


def test_others_look_twice_as_often_as_the_leader_and_when_a_lease_ends() -> None:
    assert leading().next_look(ZERO) == TIMES.retry_period
    other = candidate("b")
    assert other.next_look(ZERO) == TIMES.look_period
    other.observe(held("a"), ZERO)
    assert other.next_look(ZERO) == TIMES.look_period
    assert other.next_look(TIMES.held - SECOND / 4) == SECOND / 4
    assert other.next_look(TIMES.held) == TIMES.look_period


def test_who_has_lost_the_lead_looks_as_often_as_the_others() -> None:
    assert leading().next_look(TIMES.renew_deadline) == TIMES.look_period
