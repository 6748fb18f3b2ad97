"""The queue, move by move; that it loses nothing under any order of moves is in test_properties.py.

Law: a key is handed out when it is due, once, and to nobody else until it is done.
"""

from __future__ import annotations

from datetime import datetime

from domain.model import ObjectKey
from domain.workqueue import WorkQueue
from tests.domain.factories import MINUTE, SECOND, T0

A, B, C = (ObjectKey("CertificateRequest", "n", name) for name in "abc")


def queue_of_no_lanes() -> WorkQueue:
    return WorkQueue(lane=lambda key: None, width=lambda issuer: 0)


def drained(queue: WorkQueue, now: datetime = T0) -> list[ObjectKey]:
    """All that is due, each done before the next."""
    keys = []
    while (key := queue.pop_due(now)) is not None:
        keys.append(key)
        queue.done(key)
    return keys


def test_keys_come_out_in_the_order_in_which_they_came() -> None:
    queue = queue_of_no_lanes()
    for key in (B, A, C, A):
        queue.add(key, T0)
    assert len(queue) == 3
    assert drained(queue) == [B, A, C]
    assert len(queue) == 0
    assert queue.next_due() is None


def test_a_key_that_is_worked_on_is_nobody_elses() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    assert queue.pop_due(T0) == A
    queue.add(A, T0)
    assert queue.pop_due(T0) is None
    queue.done(A)
    assert queue.pop_due(T0) == A


def test_many_wishes_during_the_work_are_one_more_time() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.pop_due(T0)
    for _ in range(3):
        queue.add(A, T0)
    queue.done(A)
    assert drained(queue) == [A]


def test_a_scheduled_key_is_due_at_its_time_and_not_before() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, T0 + MINUTE)
    assert queue.next_due() == T0 + MINUTE
    assert len(queue) == 0
    assert queue.pop_due(T0 + MINUTE - SECOND) is None
    assert queue.pop_due(T0 + MINUTE) == A
    assert queue.next_due() is None


def test_the_earlier_of_two_keys_is_due_first() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, T0 + 2 * SECOND)
    queue.schedule(B, T0 + SECOND)
    assert queue.next_due() == T0 + SECOND
    assert drained(queue, T0 + MINUTE) == [B, A]


def test_a_later_plan_replaces_an_earlier_one_in_both_directions() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, T0 + SECOND)
    queue.schedule(A, T0 + MINUTE)
    assert drained(queue, T0 + 2 * SECOND) == []
    queue.schedule(A, T0 + 3 * SECOND)
    assert queue.next_due() == T0 + 3 * SECOND
    assert drained(queue, T0 + 3 * SECOND) == [A]
    assert drained(queue, T0 + MINUTE) == []


def test_a_key_that_is_added_forgets_its_plan() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, T0 + MINUTE)
    queue.add(A, T0)
    assert queue.next_due() is None
    assert drained(queue) == [A]
    assert drained(queue, T0 + MINUTE) == []


def test_a_plan_for_a_key_that_is_due_anyway_does_not_delay_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.schedule(A, T0 + MINUTE)
    assert queue.next_due() is None
    assert drained(queue) == [A]


def test_a_plan_made_while_the_key_is_worked_on_holds_after_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.pop_due(T0)
    queue.schedule(A, T0 + MINUTE)
    queue.done(A)
    assert drained(queue) == []
    assert drained(queue, T0 + MINUTE) == [A]


def test_a_wish_that_came_during_the_work_wins_over_the_plan_made_by_the_work() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.pop_due(T0)
    queue.add(A, T0)
    queue.schedule(A, T0 + MINUTE)
    queue.done(A)
    assert drained(queue) == [A]
    assert queue.next_due() is None


def test_a_wish_after_the_plan_wins_as_well() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.pop_due(T0)
    queue.schedule(A, T0 + MINUTE)
    queue.add(A, T0)
    queue.done(A)
    assert drained(queue) == [A]
    assert drained(queue, T0 + MINUTE) == []


def test_a_plan_whose_time_comes_during_the_work_is_kept_for_after_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.pop_due(T0)
    queue.schedule(A, T0 + SECOND)
    assert queue.pop_due(T0 + MINUTE) is None
    queue.done(A)
    assert drained(queue) == [A]


def test_the_same_plan_twice_is_one_visit() -> None:
    queue = queue_of_no_lanes()
    for _ in range(2):
        queue.schedule(A, T0 + SECOND)
        queue.add(A, T0)
        drained(queue)
        queue.schedule(A, T0 + SECOND)
    assert drained(queue, T0 + MINUTE) == [A]
    assert drained(queue, T0 + MINUTE) == []


def test_replaced_plans_do_not_pile_up_for_ever() -> None:
    queue = queue_of_no_lanes()
    for number in range(1000):
        queue.schedule(A, T0 + number * SECOND)
        queue.next_due()
    assert len(queue._heap) == 1


def test_it_says_since_when_a_key_had_been_due() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, T0)
    queue.add(A, T0 + SECOND)
    queue.schedule(B, T0 + MINUTE)
    later = T0 + 2 * MINUTE
    assert [queue.pop_due(later), queue.pop_due(later)] == [A, B]
    assert (queue.due_since(A), queue.due_since(B)) == (T0, T0 + MINUTE)
    queue.add(A, later)
    queue.done(A)
    queue.pop_due(later + SECOND)
    assert queue.due_since(A) == later
