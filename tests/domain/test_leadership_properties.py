"""Never two leaders, whatever happens: clocks apart, answers late or lost, processes that stand still.

Law: there is one true time, which no candidate knows; each has a clock of its own, and a read or a write takes effect
somewhere between being sent and being answered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.leadership import Leadership, LeaseRecord, LeaseTimes
from tests.domain.factories import SECOND, T0, fuzz

TIMES = LeaseTimes()
NAMES = ["a", "b", "c"]
names = st.sampled_from(NAMES)
short = st.integers(0, 3_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
long = st.integers(0, 30_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
offsets = st.integers(-(10**9), 10**9).map(lambda seconds: timedelta(seconds=seconds))


@dataclass
class Candidate:
    leadership: Leadership
    uptime: timedelta  # what its steady clock showed when the true time was zero
    date: timedelta  # by how much its calendar is wrong
    read: LeaseRecord | None = None  # an answer that is on its way
    reading: bool = False
    sent: tuple[LeaseRecord, timedelta] | None = None  # a write that is on its way, and when it was begun
    answer: LeaseRecord | None = None
    answered: bool = False


class Election(RuleBasedStateMachine):
    @initialize(uptimes=st.tuples(*[offsets] * 3), dates=st.tuples(*[offsets] * 3))
    def begin(self, uptimes: tuple[timedelta, ...], dates: tuple[timedelta, ...]) -> None:
        self.now = timedelta(0)
        self.record: LeaseRecord | None = None
        self.versions = count(1)
        self.candidates = {
            name: Candidate(Leadership(name, TIMES), uptime, date)
            for name, uptime, date in zip(NAMES, uptimes, dates, strict=True)
        }

    def uptime(self, one: Candidate) -> timedelta:
        return one.uptime + self.now

    def date(self, one: Candidate) -> datetime:
        return T0 + one.date + self.now

    @rule(by=short)
    def time_passes(self, by: timedelta) -> None:
        self.now += by

    @rule(by=long)
    def all_stand_still(self, by: timedelta) -> None:
        self.now += by

    @rule(name=names)
    def the_server_reads(self, name: str) -> None:
        one = self.candidates[name]
        if not (one.reading or one.sent or one.answered):
            one.read, one.reading = self.record, True

    @rule(name=names)
    def what_was_read_arrives(self, name: str) -> None:
        one = self.candidates[name]
        if not one.reading:
            return
        one.reading = False
        one.leadership.observe(one.read, self.uptime(one))
        begun = self.uptime(one)
        wanted = one.leadership.wanted(begun, self.date(one))
        one.sent = (wanted, begun) if wanted else None

    @rule(name=names)
    def the_server_writes(self, name: str) -> None:
        one = self.candidates[name]
        if one.sent is None or one.answered:
            return
        wanted, _ = one.sent
        one.answered, one.answer = True, None
        if wanted.version == (self.record.version if self.record else ""):
            self.record = one.answer = replace(wanted, version=str(next(self.versions)))

    @rule(name=names, lost=st.booleans())
    def the_answer_to_a_write_arrives_or_is_lost(self, name: str, lost: bool) -> None:
        one = self.candidates[name]
        if not one.answered or one.sent is None:
            return
        _, begun = one.sent
        one.sent, one.answered = None, False
        if one.answer and not lost:
            one.leadership.took(one.answer, begun)

    @rule(name=names)
    def somebody_releases(self, name: str) -> None:
        one = self.candidates[name]
        if one.reading or one.sent:
            return
        released = one.leadership.released(self.date(one))
        if released and self.record and released.version == self.record.version:
            self.record = replace(released, version=str(next(self.versions)))

    @rule(name=names)
    def a_process_starts_anew(self, name: str) -> None:
        old = self.candidates[name]
        identity = f"{name}-{next(self.versions)}"
        self.candidates[name] = Candidate(Leadership(identity, TIMES), old.uptime, old.date)

    @precondition(lambda self: self.record)
    @rule()
    def somebody_annotates_the_record(self) -> None:
        assert self.record is not None
        self.record = replace(self.record, version=str(next(self.versions)))

    @precondition(lambda self: self.record and not self.record.holder)
    @rule(name=names)
    def a_released_record_is_taken_at_the_first_look(self, name: str) -> None:
        one = self.candidates[name]
        if one.reading or one.sent:
            return
        self.the_server_reads(name)
        self.what_was_read_arrives(name)
        assert one.sent is not None

    @invariant()
    def at_most_one_leads(self) -> None:
        leaders = [one for one in self.candidates.values() if one.leadership.leads(self.uptime(one))]
        assert len(leaders) <= 1

    @invariant()
    def what_a_former_leader_may_still_finish_ends_before_another_leads(self) -> None:
        leading = [one for one in self.candidates.values() if one.leadership.leads(self.uptime(one))]
        for one in self.candidates.values():
            lead_ended = one.leadership.left(self.uptime(one))
            rest = TIMES.work_deadline - TIMES.renew_deadline
            if timedelta(0) >= lead_ended > -rest and _has_led(one):
                assert leading in ([], [one])


def _has_led(one: Candidate) -> bool:
    return vars(one.leadership)["_renewed"] is not None


TestElection = Election.TestCase
TestElection.settings = fuzz


def test_two_alone_converge_whoever_dies() -> None:
    """The machine above shows safety; this that somebody leads at last."""
    record, versions, now = None, count(1), timedelta(0)
    dying, other = Leadership("a", TIMES), Leadership("b", TIMES)
    for one in (dying, other):
        one.observe(record, now)
        wanted = one.wanted(now, T0)
        if wanted:
            record = replace(wanted, version=str(next(versions)))
            one.took(record, now)
    died = now
    while not other.leads(now):
        now += other.next_look(now)
        other.observe(record, now)
        wanted = other.wanted(now, T0)
        if wanted:
            record = replace(wanted, version=str(next(versions)))
            other.took(record, now)
    assert now - died <= TIMES.duration
    assert now - died > SECOND
