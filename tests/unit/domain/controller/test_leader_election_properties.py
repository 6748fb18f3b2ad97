"""Never two leaders, whatever happens: clocks apart, answers late or lost, processes that stand still or end.

There is one true time, which no candidate knows; each has clocks of its own. A read or a write takes effect
somewhere between being sent and being answered, and may never be answered. Chance is seeded by the example.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.controller.leader_election import LeaderElectionState, LeaseTimes
from domain.ports import LeaseRecord
from tests.support.factories import SECOND, T0

TIMES = LeaseTimes()
ZERO = timedelta(0)
CANDIDATES, LENGTH = 3, 300 * SECOND

Delay = timedelta
Life = Generator[Delay, None, None]


class Server:
    def __init__(self) -> None:
        self.record: LeaseRecord | None = None
        self._versions = count(1)

    def write(self, wanted: LeaseRecord) -> LeaseRecord | None:
        """The record as stored; None for a conflict."""
        if wanted.version != (self.record.version if self.record else ""):
            return None
        self.record = replace(wanted, version=str(next(self._versions)))
        return self.record

    def annotate(self) -> None:
        if self.record:
            self.record = replace(self.record, version=str(next(self._versions)))


class Candidate:
    """A process: `life` is what it does, in steps that each say after what delay the next one comes."""

    def __init__(self, name: str, chance: Random, server: Server, now: Callable[[], timedelta]) -> None:
        self.leadership = LeaderElectionState(name, TIMES)
        self._finish_until = timedelta.min
        self._chance = chance
        self._server = server
        self._now = now
        self._uptime = chance.randint(-(10**9), 10**9) * SECOND
        self._date = T0 + chance.randint(-(10**9), 10**9) * SECOND

    def uptime(self) -> timedelta:
        return self._now() + self._uptime

    def is_leader(self) -> bool:
        return self.leadership.is_leader(self.uptime())

    def may_finish(self) -> bool:
        """Whether what it began as leader may still be under way."""
        return self.uptime() < self._finish_until

    def life(self) -> Life:
        while True:
            begun = self.uptime()
            yield from self._look()
            if self._chance.random() < 0.02:
                yield from self._release()
            due = begun + self.leadership.next_look(self.uptime()) - self.uptime()
            yield max(due, ZERO) + (self._delay() if self._chance.random() < 0.2 else ZERO)

    def _look(self) -> Life:
        yield self._delay()
        found = self._server.record
        yield self._delay()
        if self._chance.random() < 0.1:
            return  # the answer was lost
        self.leadership.observe(found, self.uptime())
        if found is not None and found.holder != self.leadership.identity:
            self._finish_until = timedelta.min  # who sees another lead, ends all he does
        begun = self.uptime()
        wanted = self.leadership.wanted(begun, self._date + self._now())
        if wanted is None:
            return
        yield self._delay()
        written = self._server.write(wanted)
        yield self._delay()
        if written is not None and self._chance.random() < 0.9:
            self.leadership.took(written, begun)
            self._finish_until = begun + TIMES.work_deadline

    def _release(self) -> Life:
        released = self.leadership.released(self._date + self._now())
        self._finish_until = timedelta.min  # all that was begun was finished before
        yield self._delay()
        if released:
            self._server.write(released)

    def _delay(self) -> Delay:
        """Mostly short; sometimes the process or the network stands still for longer than a lease."""
        longest = self._chance.choices([0.02, 1.0, 5.0, 25.0], [80, 14, 4, 2])[0]
        return self._chance.uniform(0, longest) * SECOND


def run(chance: Random, check: Callable[[list[Candidate]], None]) -> int:
    """Lets candidates live for a while, and `check` after every step; how often the lead was taken over."""
    server, now, numbers = Server(), ZERO, count()
    steps: list[tuple[timedelta, int, int, Life]] = []
    alive: list[Candidate] = []

    def be_born(place: int) -> None:
        candidate = Candidate(f"{place}-{next(numbers)}", chance, server, lambda: now)
        alive[place : place + 1] = [candidate]
        heapq.heappush(steps, (now, next(numbers), place, candidate.life()))

    for place in range(CANDIDATES):
        be_born(place)
    while now < LENGTH:
        now, _, place, life = heapq.heappop(steps)
        if chance.random() < 0.003:
            be_born(place)  # in place of one that was killed
            continue
        if chance.random() < 0.01:
            server.annotate()
        heapq.heappush(steps, (now + next(life), next(numbers), place, life))
        check(alive)
    return server.record.transitions if server.record else 0


def at_most_one_leads(alive: list[Candidate]) -> None:
    leading = [one for one in alive if one.is_leader()]
    assert len(leading) <= 1
    assert not leading or [one for one in alive if one.may_finish()] == leading


@given(st.integers(0, 2**32))
def test_never_two_lead_nor_one_while_anothers_work_is_under_way(seed: int) -> None:
    run(Random(seed), at_most_one_leads)


def test_the_lead_changes_often_in_these_lives() -> None:
    """Or the property would say nothing."""
    assert sum(run(Random(seed), at_most_one_leads) for seed in range(10)) > 30


def test_two_alone_converge_whoever_dies() -> None:
    """The machine above shows safety; this that somebody leads at last."""
    record, versions, now = None, count(1), timedelta(0)
    dying, other = LeaderElectionState("a", TIMES), LeaderElectionState("b", TIMES)
    for one in (dying, other):
        one.observe(record, now)
        wanted = one.wanted(now, T0)
        if wanted:
            record = replace(wanted, version=str(next(versions)))
            one.took(record, now)
    died = now
    while not other.is_leader(now):
        now += other.next_look(now)
        other.observe(record, now)
        wanted = other.wanted(now, T0)
        if wanted:
            record = replace(wanted, version=str(next(versions)))
            other.took(record, now)
    assert now - died <= TIMES.duration
    assert now - died > SECOND
