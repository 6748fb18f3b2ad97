"""The queue against a model that is too simple to be wrong: a set of what is due, and a time for what is planned.

No key is handed out twice at once, none before its time, and none is lost, whatever the order of moves.
"""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.controller.workqueue import WorkQueue
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.support.factories import SECOND, START

ISSUERS = [ObjectKey(NAMES.issuer, name, name) for name in ("one", "two")]
KEYS = [ObjectKey("CertificateRequest", issuer.name, name) for issuer in ISSUERS for name in "abc"]
KEYS.append(ISSUERS[0])
WIDTH, AT_ONCE = 2, 5
keys, seconds = st.sampled_from(KEYS), st.integers(0, 5)


def issuer_of(key: ObjectKey) -> ObjectKey | None:
    return next((issuer for issuer in ISSUERS if issuer.name == key.namespace and issuer != key), None)


class Queue(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = WorkQueue(issuer_of, lambda issuer: WIDTH, AT_ONCE)
        self.now = START
        self.due: list[ObjectKey] = []  # in order, those worked on included
        self.planned: dict[ObjectKey, timedelta] = {}
        self.working: set[ObjectKey] = set()

    def fire(self) -> None:
        for key in sorted(self.planned, key=lambda key: (self.planned[key], key)):
            if self.planned[key] <= self.now:
                self.wish(key)

    def wish(self, key: ObjectKey) -> None:
        self.planned.pop(key, None)
        if key not in self.due:
            self.due.append(key)

    def has_room(self, key: ObjectKey) -> bool:
        namespace = len([each for each in self.working if each.namespace == key.namespace])
        issuer = len([each for each in self.working if issuer_of(each) == issuer_of(key)])
        return namespace < AT_ONCE - len(self.working) and (issuer_of(key) is None or issuer < WIDTH)

    @rule(key=keys)
    def add(self, key: ObjectKey) -> None:
        self.queue.add(key, self.now)
        self.wish(key)

    @rule(key=keys, after=seconds)
    def schedule(self, key: ObjectKey, after: int) -> None:
        self.queue.schedule(key, self.now + after * SECOND)
        if key not in self.due:
            at = self.now + after * SECOND
            self.planned[key] = min(at, self.planned.get(key, at))

    @rule(after=seconds)
    def time_passes(self, after: int) -> None:
        self.now += after * SECOND

    @rule()
    def pop(self) -> None:
        self.fire()
        free = [key for key in self.due if key not in self.working and self.has_room(key)]
        key = self.queue.pop_due(self.now)
        assert (key is None) == (not free)
        if key is not None:
            assert key in free
            assert key not in self.working, f"{key} is handed out twice at once"
            self.due.remove(key)
            self.working.add(key)

    @rule(key=keys)
    def done(self, key: ObjectKey) -> None:
        if key in self.working:
            self.working.remove(key)
            self.queue.done(key)

    @invariant()
    def the_next_time_is_the_earliest_plan(self) -> None:
        assert self.queue.next_due() == min(self.planned.values(), default=None)

    @invariant()
    def no_more_timers_are_kept_than_twice_those_that_will_fire(self) -> None:
        assert len(self.queue._heap) <= 2 * len(self.planned)

    @invariant()
    def so_many_are_due(self) -> None:
        assert len(self.queue) == len([key for key in self.due if key not in self.working])

    def teardown(self) -> None:
        """Nothing is lost: all that is due or planned comes out in the end, once."""
        for key in sorted(self.working):
            self.queue.done(key)
        self.now = max([self.now, *self.planned.values()])
        self.working.clear()
        self.fire()
        left = []
        while (popped := self.queue.pop_due(self.now)) is not None:
            left.append(popped)
            self.queue.done(popped)
        assert sorted(left) == sorted(self.due)


Queue.TestCase.settings = settings(stateful_step_count=40)
TestQueue = Queue.TestCase
