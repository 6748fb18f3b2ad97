"""The turns of issuers within one namespace: no issuer's requests keep another's waiting.

Of one issuer so many keys are worked on as its limit says, which may change at any time.
"""

from __future__ import annotations

import pytest

from domain.controller.workqueue import WorkQueue
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.support.factories import SECOND, START

ONE, TWO, THREE = (ObjectKey(NAMES.issuer, "n", name) for name in ("one", "two", "three"))


def request(issuer: ObjectKey, number: int) -> ObjectKey:
    return ObjectKey("CertificateRequest", issuer.name, f"{number:04}")


def issuer_of(key: ObjectKey) -> ObjectKey | None:
    return ObjectKey(NAMES.issuer, "n", key.namespace) if key.kind == "CertificateRequest" else None


class Laned(WorkQueue):
    """All issuers are of one namespace, and of each two keys are worked on at once, unless told otherwise."""

    def __init__(self) -> None:
        self.limits: dict[ObjectKey, int] = {}
        super().__init__(issuer_of, lambda issuer: self.limits.get(issuer, 2), max_concurrent=20)

    def fill(self, issuer: ObjectKey, count: int) -> list[ObjectKey]:
        keys = [request(issuer, number) for number in range(count)]
        for key in keys:
            self.add(key, START)
        return keys

    def pop_all(self) -> list[ObjectKey]:
        """All that may be worked on at once."""
        popped = []
        while (key := self.pop_due(START)) is not None:
            popped.append(key)
        return popped


@pytest.fixture
def queue() -> Laned:
    return Laned()


def test_lanes_take_turns_and_each_keeps_its_order(queue: Laned) -> None:
    one, two, three = queue.fill(ONE, 3), queue.fill(TWO, 1), queue.fill(THREE, 2)
    queue.limits = dict.fromkeys((ONE, TWO, THREE), 9)
    assert queue.pop_all() == [one[0], two[0], three[0], one[1], three[1], one[2]]


def test_of_one_lane_no_more_are_worked_on_than_it_is_wide(queue: Laned) -> None:
    one = queue.fill(ONE, 5)
    assert queue.pop_all() == one[:2]
    assert len(queue) == 3
    two = queue.fill(TWO, 1)
    assert queue.pop_all() == two
    queue.done(one[1])
    assert queue.pop_all() == [one[2]]


def test_a_full_lane_holds_up_nobody_else_however_long_it_is(queue: Laned) -> None:
    queue.fill(ONE, 10_000)
    queue.pop_all()
    two = queue.fill(TWO, 4)
    for key in two:
        assert queue.pop_due(START) == key
        queue.done(key)


def test_a_width_that_changes_holds_from_then_on(queue: Laned) -> None:
    one = queue.fill(ONE, 5)
    queue.limits[ONE] = 1
    assert queue.pop_all() == one[:1]
    queue.done(one[0])
    queue.limits[ONE] = 3
    assert queue.pop_all() == one[1:4]
    queue.limits[ONE] = 1
    queue.done(one[1])
    queue.done(one[2])
    assert queue.pop_all() == []
    queue.done(one[3])
    assert queue.pop_all() == one[4:]


def test_keys_of_no_issuer_take_turns_with_the_issuers_and_have_no_width(queue: Laned) -> None:
    one = queue.fill(ONE, 2)
    for issuer in (ONE, TWO, THREE):
        queue.add(issuer, START)
    assert queue.pop_all() == [one[0], ONE, one[1], TWO, THREE]


def test_a_key_comes_back_into_its_lane_after_its_work_and_after_its_time(queue: Laned) -> None:
    queue.limits[ONE] = 1
    first, second = queue.fill(ONE, 2)
    queue.schedule(request(ONE, 7), START)
    assert queue.pop_due(START) == first
    queue.add(first, START)
    queue.done(first)
    assert queue.pop_due(START) == second
    assert queue.pop_due(START) is None
    queue.done(second)
    assert queue.pop_due(START) == request(ONE, 7)


def test_the_lane_is_the_one_that_the_key_had_when_it_became_due() -> None:
    lanes: dict[ObjectKey, ObjectKey] = {}
    queue = WorkQueue(lanes.get, lambda issuer: 1, max_concurrent=20)
    key, other = request(ONE, 1), request(ONE, 2)
    lanes |= {key: ONE, other: ONE}
    queue.add(key, START)
    queue.add(other, START)
    assert queue.pop_due(START) == key
    del lanes[key]  # it is deleted while it is worked on
    queue.add(key, START)
    assert queue.pop_due(START) is None
    queue.done(key)
    assert [queue.pop_due(START + SECOND), queue.pop_due(START + SECOND)] == [other, key]


def test_nothing_is_remembered_of_an_issuer_without_keys(queue: Laned) -> None:
    for key in queue.fill(ONE, 2):
        assert queue.pop_due(START) == key
        queue.done(key)
    assert not any((queue._lines, queue._by_issuer, queue._by_namespace, queue._working, queue._due))
