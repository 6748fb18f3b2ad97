"""A cache that is bounded in bytes and drops what is not used, such as Secrets and what was parsed of them.

- A value that was not used for `IDLE` is dropped: what belonged to a deleted issuer or Secret does not stay.
- All values together take at most `budget` bytes, by the sizes given to `put`; the longest unused go first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

IDLE = 900.0
"""Seconds; three times the default interval of checks, each of which uses what belongs to its issuer."""

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


@dataclass(slots=True)
class _Entry(Generic[_Value]):
    value: _Value
    size: int
    used: float


class IdleCache(Generic[_Key, _Value]):
    """`dropped` is called with each value that is replaced or dropped. To be used inside a running event loop."""

    def __init__(self, budget: int, dropped: Callable[[_Value], None] | None = None) -> None:
        self._budget = budget
        self._dropped = dropped
        self._size = 0
        self._entries: OrderedDict[_Key, _Entry[_Value]] = OrderedDict()  # the longest unused first
        self._timer: asyncio.TimerHandle | None = None

    def get(self, key: _Key) -> _Value | None:
        """The value, which counts as used now."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.used = asyncio.get_running_loop().time()
        self._entries.move_to_end(key)
        return entry.value

    def put(self, key: _Key, value: _Value, size: int) -> None:
        """Keeps the value, of so many bytes, in place of the one with this key."""
        before = self._entries.pop(key, None)
        self._entries[key] = _Entry(value, size, asyncio.get_running_loop().time())
        self._size += size - (before.size if before else 0)
        if before and before.value is not value:
            self._call_dropped(before.value)
        while self._size > self._budget and len(self._entries) > 1:
            self._drop_first()
        self._set_timer()

    def drop(self, key: _Key) -> None:
        """Drops the value, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._size -= entry.size
            self._call_dropped(entry.value)

    def size(self) -> int:
        """Bytes of all values together, as given to `put`."""
        return self._size

    def clear(self) -> None:
        while self._entries:
            self._drop_first()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _drop_first(self) -> None:
        _, entry = self._entries.popitem(last=False)
        self._size -= entry.size
        self._call_dropped(entry.value)

    def _call_dropped(self, value: _Value) -> None:
        if self._dropped:
            self._dropped(value)

    def _set_timer(self) -> None:
        if self._entries and self._timer is None:
            first = next(iter(self._entries.values()))
            self._timer = asyncio.get_running_loop().call_at(first.used + IDLE, self._drop_idle)

    def _drop_idle(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        while self._entries and next(iter(self._entries.values())).used + IDLE <= now:
            self._drop_first()
        self._set_timer()


@runtime_checkable
class Caching(Protocol):
    """What keeps values in an IdleCache, whose size the metrics show."""

    kept: IdleCache[Any, Any]
