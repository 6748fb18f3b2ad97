"""The queue, move by move; that it loses nothing under any order of moves is in test_properties.py.

A key is handed out when it is due, once, and to nobody else until it is done.
"""

from __future__ import annotations

from datetime import timedelta

from domain.controller.workqueue import WorkQueue
from domain.model import ObjectKey
from tests.support.factories import DAY, HOUR, MINUTE, SECOND, START

A, B, C = (ObjectKey("CertificateRequest", "n", name) for name in "abc")


def queue_of_no_lanes() -> WorkQueue:
    return WorkQueue(issuer_of=lambda key: None, limit=lambda issuer: 0, max_concurrent=8)


def drained(queue: WorkQueue, now: timedelta = START) -> list[ObjectKey]:
    """All that is due, each done before the next."""
    keys = []
    while (key := queue.pop_due(now)) is not None:
        keys.append(key)
        queue.done(key)
    return keys


def test_keys_come_out_in_the_order_in_which_they_came() -> None:
    queue = queue_of_no_lanes()
    for key in (B, A, C, A):
        queue.add(key, START)
    assert len(queue) == 3
    assert drained(queue) == [B, A, C]
    assert len(queue) == 0
    assert queue.next_due() is None


def test_a_key_that_is_worked_on_is_nobody_elses() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    assert queue.pop_due(START) == A
    queue.add(A, START)
    assert queue.pop_due(START) is None
    queue.done(A)
    assert queue.pop_due(START) == A


def test_many_wishes_during_the_work_are_one_more_time() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.pop_due(START)
    for _ in range(3):
        queue.add(A, START)
    queue.done(A)
    assert drained(queue) == [A]


def test_a_scheduled_key_is_due_at_its_time_and_not_before() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, START + MINUTE)
    assert queue.next_due() == START + MINUTE
    assert len(queue) == 0
    assert queue.pop_due(START + MINUTE - SECOND) is None
    assert queue.pop_due(START + MINUTE) == A
    assert queue.next_due() is None


def test_the_earlier_of_two_keys_is_due_first() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, START + 2 * SECOND)
    queue.schedule(B, START + SECOND)
    assert queue.next_due() == START + SECOND
    assert drained(queue, START + MINUTE) == [B, A]


def test_of_two_timers_of_one_key_the_earlier_counts_whichever_came_first() -> None:
    for delays in ((SECOND, MINUTE), (MINUTE, SECOND)):
        queue = queue_of_no_lanes()
        for delay in delays:
            queue.schedule(A, START + delay)
        assert queue.next_due() == START + SECOND
        assert drained(queue, START + SECOND) == [A]
        assert drained(queue, START + MINUTE) == []


def test_a_key_that_is_added_forgets_its_plan() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(A, START + MINUTE)
    queue.add(A, START)
    assert queue.next_due() is None
    assert drained(queue) == [A]
    assert drained(queue, START + MINUTE) == []


def test_a_plan_for_a_key_that_is_due_anyway_does_not_delay_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.schedule(A, START + MINUTE)
    assert queue.next_due() is None
    assert drained(queue) == [A]


def test_a_plan_made_while_the_key_is_worked_on_holds_after_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.pop_due(START)
    queue.schedule(A, START + MINUTE)
    queue.done(A)
    assert drained(queue) == []
    assert drained(queue, START + MINUTE) == [A]


def test_a_wish_that_came_during_the_work_wins_over_the_plan_made_by_the_work() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.pop_due(START)
    queue.add(A, START)
    queue.schedule(A, START + MINUTE)
    queue.done(A)
    assert drained(queue) == [A]
    assert queue.next_due() is None


def test_a_wish_after_the_plan_wins_as_well() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.pop_due(START)
    queue.schedule(A, START + MINUTE)
    queue.add(A, START)
    queue.done(A)
    assert drained(queue) == [A]
    assert drained(queue, START + MINUTE) == []


def test_a_plan_whose_time_comes_during_the_work_is_kept_for_after_it() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.pop_due(START)
    queue.schedule(A, START + SECOND)
    assert queue.pop_due(START + MINUTE) is None
    queue.done(A)
    assert drained(queue) == [A]


def test_the_same_plan_twice_is_one_visit() -> None:
    queue = queue_of_no_lanes()
    for _ in range(2):
        queue.schedule(A, START + SECOND)
        queue.add(A, START)
        drained(queue)
        queue.schedule(A, START + SECOND)
    assert drained(queue, START + MINUTE) == [A]
    assert drained(queue, START + MINUTE) == []


def test_replaced_timers_behind_one_that_stays_do_not_pile_up() -> None:
    queue = queue_of_no_lanes()
    queue.schedule(B, START + SECOND)
    for number in range(1000):
        queue.schedule(A, START + 30 * DAY - number * SECOND)
    assert len(queue._heap) <= 4


def test_timers_that_wakes_replaced_do_not_pile_up_behind_one_that_stays() -> None:
    queue, keys = queue_of_no_lanes(), [ObjectKey("CertificateRequest", "n", f"{number}") for number in range(1000)]
    queue.schedule(A, START + SECOND)
    for key in keys:
        queue.schedule(key, START + 30 * DAY)
    for key in keys:
        queue.add(key, START)
    assert len(queue._heap) <= 2
    assert drained(queue) == keys
    assert drained(queue, START + HOUR) == [A]


def test_it_says_since_when_a_key_had_been_due() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    queue.add(A, START + SECOND)
    queue.schedule(B, START + MINUTE)
    later = START + 2 * MINUTE
    assert [queue.pop_due(later), queue.pop_due(later)] == [A, B]
    assert (queue.due_since(A), queue.due_since(B)) == (START, START + MINUTE)
    queue.add(A, later)
    queue.done(A)
    queue.pop_due(later + SECOND)
    assert queue.due_since(A) == later


def test_it_counts_how_often_a_key_becomes_due() -> None:
    queue = queue_of_no_lanes()
    for key in (A, B, A):
        queue.add(key, START)
    assert queue.adds == 2, "a key that waits does not become due once more"
    queue.pop_due(START)
    queue.add(A, START)
    queue.add(A, START)
    assert queue.adds == 2
    queue.done(A)
    assert queue.adds == 3
    queue.schedule(C, START + HOUR)
    queue.pop_due(START)
    assert queue.adds == 3
    queue.pop_due(START + HOUR)
    assert queue.adds == 4


def test_it_counts_how_often_it_is_asked_for_a_later_time() -> None:
    queue = queue_of_no_lanes()
    queue.add(A, START)
    for after in (HOUR, MINUTE):
        queue.schedule(B, START + after)
    queue.schedule(A, START + HOUR)
    assert queue.retries == 3


def test_it_knows_when_the_work_on_a_key_began() -> None:
    queue = queue_of_no_lanes()
    for key in (A, B):
        queue.add(key, START)
    for after in (MINUTE, HOUR):
        queue.pop_due(START + after)
    assert [queue.begun(key) for key in (A, B)] == queue.all_begun() == [START + MINUTE, START + HOUR]
    queue.done(A)
    assert queue.all_begun() == [START + HOUR]
