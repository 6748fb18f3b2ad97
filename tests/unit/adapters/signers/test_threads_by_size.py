"""What is short is done at once, what may be long by another thread."""

from __future__ import annotations

import threading

import pytest

from adapters.signers.threads import run_in_thread_if_large


@pytest.mark.parametrize(("read", "here"), [(0, True), (8192, True), (8193, False)])
async def test_only_what_is_long_goes_to_a_thread(read: int, here: bool) -> None:
    worker = await run_in_thread_if_large("team-a", read, threading.current_thread)
    assert (worker is threading.current_thread()) is here


@pytest.mark.parametrize("read", [1, 100_000])
async def test_what_it_raises_comes_through(read: int) -> None:
    def broken() -> None:
        raise ValueError("told")

    with pytest.raises(ValueError, match="told"):
        await run_in_thread_if_large("team-a", read, broken)
