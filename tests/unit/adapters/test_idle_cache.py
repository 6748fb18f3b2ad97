"""What is kept of issuers: within a budget, and only while it is in use."""

from __future__ import annotations

import asyncio

import pytest

from adapters.idle_cache import IDLE, IdleCache
from adapters.signers.fingerprint import fingerprint
from domain.model import Credentials


class Dropped:
    """What was dropped, and a way to wait for it."""

    def __init__(self) -> None:
        self.values: list[str] = []
        self._changed = asyncio.Event()

    def __call__(self, value: str) -> None:
        self.values.append(value)
        self._changed.set()

    async def any(self) -> list[str]:
        await self._changed.wait()
        self._changed.clear()
        return self.values


async def test_the_longest_unused_goes_where_the_budget_is_over() -> None:
    dropped = Dropped()
    kept: IdleCache[str, str] = IdleCache(100, dropped)
    kept.put("a", "A", 40)
    kept.put("b", "B", 40)
    kept.get("a")
    kept.put("c", "C", 40)

    assert dropped.values == ["B"]
    assert [kept.get(key) for key in "abc"] == ["A", None, "C"]


async def test_a_value_that_is_larger_than_the_budget_is_kept_alone() -> None:
    kept: IdleCache[str, str] = IdleCache(100)
    kept.put("a", "A", 40)
    kept.put("b", "B", 400)

    assert [kept.get(key) for key in "ab"] == [None, "B"]


async def test_a_replaced_value_is_dropped_and_its_bytes_are_free_again() -> None:
    dropped = Dropped()
    kept: IdleCache[str, str] = IdleCache(100, dropped)
    for number in range(10):
        kept.put("a", f"A{number}", 50)
    kept.put("b", "B", 50)

    assert dropped.values == [f"A{number}" for number in range(9)]
    assert kept.get("a") == "A9"


async def test_what_is_unused_for_long_is_dropped_without_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    now, loop, dropped = 1000.0, asyncio.get_running_loop(), Dropped()
    monkeypatch.setattr(loop, "time", lambda: now)
    kept: IdleCache[str, str] = IdleCache(100, dropped)
    kept.put("a", "A", 1)
    kept.put("b", "B", 1)
    now += IDLE / 2
    kept.get("a")

    now += IDLE / 2
    assert await dropped.any() == ["B"]
    now += IDLE / 2
    assert await dropped.any() == ["B", "A"]
    kept.put("c", "C", 1)
    now += IDLE
    assert await dropped.any() == ["B", "A", "C"]


@pytest.mark.parametrize(
    "other",
    [
        Credentials({"a": b"bc", "d": b""}, "2"),
        Credentials({"a": b"b", "d": b""}, "1"),
        Credentials({"ab": b"c", "d": b""}, "1"),
        Credentials({"a": b"bcd", "": b""}, "1"),
        Credentials({"a": b"bc"}, "1"),
    ],
)
def test_the_fingerprints_of_different_secrets_differ(other: Credentials) -> None:
    assert fingerprint(other) != fingerprint(Credentials({"a": b"bc", "d": b""}, "1"))


def test_the_fingerprint_does_not_depend_on_the_order_of_keys() -> None:
    assert fingerprint(Credentials({"a": b"1", "b": b"2"})) == fingerprint(Credentials({"b": b"2", "a": b"1"}))
