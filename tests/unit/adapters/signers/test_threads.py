"""Threads for what takes long: no namespace holds more than one of them."""

from __future__ import annotations

import asyncio
import threading
from functools import partial

import pytest

from adapters.signers.threads import NamespaceExecutor, run_in_thread


async def test_a_namespace_with_forty_slow_pieces_leaves_the_threads_to_others() -> None:
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go.wait()

    theirs = [asyncio.create_task(run_in_thread("team-a", slow)) for _ in range(40)]
    await asyncio.sleep(0)  # all are submitted
    try:
        assert await run_in_thread("team-b", begun.wait)
        assert not any(each.done() for each in theirs)
    finally:
        go.set()
    await asyncio.gather(*theirs)


async def test_the_pieces_of_a_namespace_are_done_one_by_one_in_their_order() -> None:
    done: list[tuple[str, int]] = []

    def piece(number: int) -> None:
        done.append(("begun", number))
        done.append(("ended", number))

    await asyncio.gather(*(run_in_thread("team-a", partial(piece, number)) for number in range(20)))

    assert done == [(what, number) for number in range(20) for what in ("begun", "ended")]


async def test_work_that_has_not_begun_is_dropped_with_its_caller() -> None:
    executor, go, done = NamespaceExecutor(threads=2), threading.Event(), []
    first = executor.submit("team-a", go.wait)
    second = asyncio.create_task(
        asyncio.wait_for(asyncio.wrap_future(executor.submit("team-a", lambda: done.append(2))), 0)
    )
    third = executor.submit("team-a", lambda: done.append(3))
    with pytest.raises(TimeoutError):
        await second
    go.set()
    await asyncio.wrap_future(third)

    assert first.done()
    assert done == [3]


async def test_work_whose_caller_was_cancelled_keeps_its_thread_to_the_end() -> None:
    begun, go, order = threading.Event(), threading.Event(), []

    def slow() -> None:
        begun.set()
        go.wait()
        order.append("slow")

    abandoned = asyncio.create_task(run_in_thread("team-a", slow))
    await run_in_thread("team-b", begun.wait)
    abandoned.cancel()
    await asyncio.wait([abandoned])
    following = asyncio.create_task(run_in_thread("team-a", lambda: order.append("following")))
    await run_in_thread("team-b", lambda: order.append("another namespace"))
    go.set()
    await following

    assert order == ["another namespace", "slow", "following"]


async def test_errors_of_every_kind_reach_the_caller() -> None:
    class Panic(BaseException):
        pass

    def broken() -> None:
        raise Panic

    with pytest.raises(Panic):
        await run_in_thread("team-a", broken)
    assert await run_in_thread("team-a", lambda: "the next one is done") == "the next one is done"
