"""The loop that asks for the Lease, over one in memory: who works, who is told, and what is said of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Conflict
from domain.leadership import Leadership, LeaseRecord, LeaseTimes
from entrypoints.elector import Elector, Unopposed
from tests.entrypoints.electing import TIMES, FarLease, PausedClock, eventually


class Candidate:
    """An elector, and what it told: `gained` and `ended`, in order."""

    def __init__(self, name: str, lease: FarLease, times: LeaseTimes = TIMES) -> None:
        self.clock = PausedClock()
        self.leadership = Leadership(name, times)
        self.elector = Elector(lease, self.leadership, self.clock)
        self.told: list[str] = []
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(
            self.elector.run(lambda: self.told.append("gained"), lambda: self.told.append("ended"))
        )

    async def kill(self) -> None:
        """Ends it without a word, as SIGKILL does."""
        assert self.task is not None
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task

    async def stop(self) -> None:
        await self.kill()
        await self.elector.release()

    def leads(self) -> bool:
        """As `Elector.leads`, but nothing is dropped for the answer."""
        return self.leadership.leads(self.clock.uptime())


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
            candidate.elector._disarm()


async def test_one_alone_leads_and_says_so_once(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(lambda: len(lease.writes) > 3, "the lease is renewed again and again")
        assert one.elector.leads()
        assert one.told == ["gained"]
    assert {record.holder for record in lease.writes} == {"a"}
    assert {record.acquired for record in lease.writes} == {lease.writes[0].acquired}
    assert caplog.messages == ["standing for election as a", "leading"]


async def test_of_two_one_leads_and_the_other_stands_by_and_names_it(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        async with standing(other):
            await eventually(lambda: other.leadership.holder == "a", "b has looked")
            renewals = len(lease.writes)
            await eventually(lambda: len(lease.writes) > renewals + 3, "some renewals pass")
            assert (one.leads(), other.leads(), other.told) == (True, False, [])
    assert caplog.messages.count("standing by, a leads") == 1


async def test_a_released_lease_is_taken_over(lease: FarLease, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one, other):
        await eventually(one.leads, "a leads")
        await one.stop()
        assert not one.elector.leads()
        await eventually(other.leads, "b leads")
        assert one.elector._timers == [], "nothing of the old lead is left"
    (released,) = (record for record in lease.writes if not record.holder)
    assert released.duration == timedelta(seconds=1)
    assert (lease.record and lease.record.transitions, other.told) == (1, ["gained"])
    assert "released the Lease" in caplog.messages


async def test_after_a_kill_the_other_waits_until_the_lease_has_ended(lease: FarLease) -> None:
    one, other = Candidate("a", lease), Candidate("b", lease)
    async with standing(one, other):
        await eventually(one.leads, "a leads")
        await one.kill()
        await eventually(lambda: one.leads() or other.leads(), "somebody leads")
        while one.leads():
            assert not other.leads()
            await asyncio.sleep(0.005)
        await eventually(other.leads, "b leads")


async def test_who_cannot_renew_stops_and_leads_again_when_he_can(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        lease.away = True
        await eventually(lambda: not one.leads(), "a stops")
        assert "ended" not in one.told, "what is under way has a little longer"
        await eventually(lambda: "ended" in one.told, "what was under way is ended")
        lease.away = False
        await eventually(one.leads, "a leads again")
        await eventually(lambda: one.told == ["gained", "ended", "gained"], "and all is looked at again")
    assert caplog.messages == [
        "standing for election as a",
        "leading",
        "the Lease cannot be had: Transient: the API server cannot be reached",
        "lost the Lease, no new work is begun: it could not be renewed for 0.4s",
        "leading",
    ]


async def test_a_lead_renewed_in_the_last_moment_lets_work_go_on(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        lease.away = True
        await eventually(lambda: not one.elector.leads(), "a begins nothing new")
        lease.away = False
        await eventually(one.leads, "a leads again")
        renewals = len(lease.writes)
        await eventually(lambda: len(lease.writes) > renewals + 10, "more than the work deadline passes")
        assert one.told == ["gained", "gained"]


async def test_after_a_pause_nobody_leads_though_no_timer_has_run(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        one.clock.ahead += TIMES.duration
        assert not one.elector.leads()


async def test_whoever_dropped_work_in_the_meantime_is_told_to_look_at_everything(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        one.clock.ahead += TIMES.renew_deadline
        assert not one.elector.leads()
        await eventually(lambda: one.told == ["gained", "gained"], "the lead is told again")
        renewals = len(lease.writes)
        await eventually(lambda: len(lease.writes) > renewals + 3, "some renewals pass")
        assert one.told == ["gained", "gained"]


async def test_who_finds_another_in_his_place_ends_everything(
    lease: FarLease, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    one = Candidate("a", lease, replace(TIMES, duration=timedelta(hours=2), renew_deadline=timedelta(hours=1)))
    async with standing(one):
        await eventually(one.leads, "a leads")
        lease.give("b")
        await eventually(lambda: one.told == ["gained", "ended"], "a has seen it")
        assert not one.leads()
        written = len(lease.writes)
        lease.give("")
        await eventually(one.leads, "a leads again")
        assert len(lease.writes) > written
    assert caplog.messages[2:5] == ["lost the Lease, no new work is begun: b leads", "standing by, b leads", "leading"]


async def test_somebodys_label_costs_nothing(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        assert lease.record is not None
        lease.record = replace(lease.record, version="labelled")
        renewals = len(lease.writes)
        await eventually(lambda: len(lease.writes) > renewals + 3, "it is renewed all the same")
        assert one.told == ["gained"]


async def test_a_lease_that_somebody_deletes_is_written_anew(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
        lease.record = None
        await eventually(lambda: lease.holder == "a", "it is there again")
        assert (one.leads(), one.told) == (True, ["gained"])


async def test_a_lease_that_changes_just_before_its_release_is_released_all_the_same(lease: FarLease) -> None:
    one = Candidate("a", lease)
    async with standing(one):
        await eventually(one.leads, "a leads")
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
        await eventually(one.leads, "a leads")
        await one.kill()
        lease.away = True
        await one.elector.release()
        assert not one.elector.leads()
    assert "the Lease was not released, others wait for its end: Transient" in caplog.messages


class TouchedLease(FarLease):
    """Somebody writes it between every read and write."""

    async def write(self, record: LeaseRecord) -> LeaseRecord:
        await asyncio.sleep(0)
        raise Conflict("modified")


async def test_a_lease_that_never_holds_still_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    lease = TouchedLease()
    lease.record = LeaseRecord("a", TIMES.held, version="1")
    one = Candidate("a", lease)
    one.leadership.took(lease.record, one.clock.uptime())
    await one.elector.release()
    assert not one.elector.leads()
    assert caplog.messages == ["the Lease was not released, others wait for its end: TimeoutError"]


async def test_who_is_unopposed_leads_always_and_is_never_told_anything() -> None:
    election, told = Unopposed(), list[str]()
    task = asyncio.create_task(election.run(lambda: told.append("gained"), lambda: told.append("ended")))
    await asyncio.sleep(0)
    assert election.leads()
    await election.release()
    assert election.leads()
    assert not task.done()
    task.cancel()
    assert told == []
