"""The loop that asks for the Lease, over one in memory: who works, who is told, and what is said of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.controller.leader_election import LeaderElectionState, LeaseTimes
from domain.controller.leader_elector import LeaderElector, NoLeaderElection
from domain.errors import Conflict, LeadLost
from domain.ports import LeaseRecord
from tests.support.electing import PATIENCE, TIMES, FarLease, PausedClock, eventually

pytestmark = pytest.mark.usefixtures("skipped_waits")


class Candidate:
    """An elector, as of one process."""

    def __init__(self, name: str, lease: FarLease, times: LeaseTimes = TIMES) -> None:
        self.clock = PausedClock()
        self.leadership = LeaderElectionState(name, times)
        self.elector = LeaderElector(lease, self.leadership, self.clock)
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.elector.run())

    async def kill(self) -> None:
        """Ends it without a word, as SIGKILL does."""
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError, LeadLost):
            await self.task

    async def stop(self) -> None:
        await self.kill()
        await self.elector.release()

    async def ends(self) -> None:
        """Waits until it has ended of itself, because the lead was lost."""
        assert self.task is not None
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(LeadLost):
                await self.task

    @property
    def runs(self) -> bool:
        return self.task is not None and not self.task.done()

    def is_leader(self) -> bool:
        return self.elector.is_leader()


@pytest.fixture
def lease() -> FarLease:
    return FarLease()


@asynccontextmanager
async def standing(*candidates: Candidate) -> AsyncIterator[None]:
    for candidate in candidates:
        candidate.start()
    try:
        yield
    finally:
        for candidate in candidates:
            if candidate.task is not None:
                await candidate.kill()


async def test_one_alone_leads_and_says_so_once(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(lambda: len(lease.writes) > 3, "the lease is renewed again and again")
        assert one.is_leader()
    assert {record.holder for record in lease.writes} == {"a"}
    assert {record.acquired for record in lease.writes} == {lease.writes[0].acquired}
    assert caplog.messages == ["acquiring lease as a", "became leader"]


async def test_of_two_one_leads_and_the_other_stands_by_and_names_it(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        async with standing(other):
            await eventually(lambda: other.leadership.holder == "a", "b has looked")
            renewals = len(lease.writes)
            await eventually(lambda: len(lease.writes) > renewals + 3, "some renewals pass")
            started_leading = asyncio.create_task(other.elector.started_leading())
            await asyncio.sleep(0)
            assert (one.is_leader(), other.is_leader(), started_leading.done()) == (True, False, False)
            started_leading.cancel()
    assert caplog.messages.count("standing by, a leads") == 1


async def test_a_released_lease_is_taken_over(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one, other):
        await eventually(one.is_leader, "a leads")
        await one.stop()
        assert not one.elector.is_leader()
        await eventually(other.is_leader, "b leads")
        await other.elector.started_leading()
    (released,) = (record for record in lease.writes if not record.holder)
    assert released.duration == timedelta(seconds=1)
    assert lease.record is not None
    assert lease.record.transitions == 1
    assert "released the Lease" in caplog.messages


async def test_after_a_kill_the_other_waits_until_the_lease_has_ended(lease: FarLease) -> None:
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one, other):
        await eventually(one.is_leader, "a leads")
        await one.kill()
        await eventually(lambda: one.is_leader() or other.is_leader(), "somebody leads")
        while one.is_leader():
            assert not other.is_leader()
            await asyncio.sleep(0.005)
        await eventually(other.is_leader, "b leads")


async def test_a_leader_that_cannot_renew_ends_and_says_why_once(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.away = True
        await eventually(lambda: not one.is_leader(), "a begins nothing new")
        assert one.runs, "what is under way has a little longer"
        await one.ends()
        assert not one.is_leader()
    assert caplog.messages == [
        "acquiring lease as a",
        "became leader",
        "the Lease cannot be had: Transient: the API server cannot be reached",
        "lost the Lease, ending with exit status 1: it could not be renewed for 0.4s",
    ]


async def test_a_lead_that_has_ended_is_not_taken_up_again(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.away = True
        await eventually(lambda: not one.is_leader(), "a begins nothing new")
        lease.away = False
        written = len(lease.writes)
        await one.ends()
        assert not one.is_leader()
    assert len(lease.writes) == written


async def test_a_leader_whose_lease_hangs_ends_all_the_same(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.hangs = True
        await one.ends()


async def test_after_a_pause_nobody_leads_though_no_timer_has_run(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        one.clock.ahead += TIMES.duration
        assert not one.is_leader()
        written = len(lease.writes)
        await one.ends()
    assert len(lease.writes) == written


async def test_a_pause_while_the_lease_is_read_ends_the_lead(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        written = len(lease.writes)
        lease.when_read = lambda: setattr(one.clock, "ahead", TIMES.renew_deadline)
        await one.ends()
    assert len(lease.writes) == written


async def test_the_wall_clock_has_no_part_in_who_leads(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        one.clock.set_back = timedelta(hours=2)
        renewals = len(lease.writes)
        await eventually(lambda: len(lease.writes) > renewals + 10, "it is renewed all the same")
        assert one.is_leader()


async def test_asking_who_leads_changes_nothing(lease: FarLease) -> None:
    one = Candidate("a", lease)
    before = {name: value for name, value in vars(one.elector).items() if not callable(value)}
    assert not one.is_leader()
    assert {name: value for name, value in vars(one.elector).items() if not callable(value)} == before


async def test_a_leader_that_finds_another_in_its_place_ends_at_once(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease, replace(TIMES, duration=timedelta(hours=2), renew_deadline=timedelta(hours=1)))
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.give("b")
        await one.ends()
        assert not one.is_leader()
    assert lease.holder == "b"
    assert caplog.messages[2:] == ["lost the Lease, ending with exit status 1: b holds it"]


async def test_a_lease_that_somebody_empties_is_lost_as_well(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.give("")
        await one.ends()
    assert caplog.messages[-1] == "lost the Lease, ending with exit status 1: nobody holds it"


async def test_somebodys_label_costs_nothing(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        assert lease.record is not None
        lease.record = replace(lease.record, version="labelled")
        renewals = len(lease.writes)
        await eventually(lambda: len(lease.writes) > renewals + 3, "it is renewed all the same")
        assert one.runs


async def test_a_lease_that_somebody_deletes_is_written_anew(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        lease.record = None
        await eventually(lambda: lease.holder == "a", "it is there again")
        assert (one.is_leader(), one.runs) == (True, True)


async def test_a_lease_that_changes_just_before_its_release_is_released_all_the_same(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        await one.kill()
        assert lease.record is not None
        lease.record = replace(lease.record, version="labelled")
        await one.elector.release()
        assert lease.holder == ""


async def test_what_another_holds_is_not_released(lease: FarLease) -> None:
    lease.give("b")
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(lambda: one.leadership.holder == "b", "a has looked")
        await one.stop()
    assert lease.writes == []
    assert lease.holder == "b"


async def test_a_release_that_cannot_be_is_said(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.is_leader, "a leads")
        await one.kill()
        lease.away = True
        await one.elector.release()
        assert not one.elector.is_leader()
    assert "the Lease was not released, others wait for its end: Transient" in caplog.messages


class TouchedLease(FarLease):
    """Somebody writes it between every read and write."""

    async def write(self, record: LeaseRecord) -> LeaseRecord:
        await asyncio.sleep(0.01)
        raise Conflict("modified")


async def test_a_lease_that_never_holds_still_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    lease = TouchedLease()
    lease.record = LeaseRecord("a", TIMES.held, version="1")
    one = Candidate("a", lease)
    one.leadership.took(lease.record, one.clock.uptime())
    await one.elector.release()
    assert not one.elector.is_leader()
    assert caplog.messages == ["the Lease was not released, others wait for its end: TimeoutError"]


async def test_a_process_without_opponents_leads_always() -> None:
    election = NoLeaderElection()
    task = asyncio.create_task(election.run())
    await election.started_leading()
    assert election.is_leader()
    await election.release()
    assert election.is_leader()
    assert not task.done()
    task.cancel()
