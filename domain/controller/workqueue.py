"""A queue of keys that never hands out a key while it is being worked on, and never loses one.

- Never sleeps: the time is an argument, always the uptime of ports.Clock, which is never set back.
- A key is due at most once: asking for it again while it waits changes nothing, asking while it is worked on makes it
  due again when that work is done. It is remembered since when it was due.
- A key has at most one timer, the earliest that was asked for.
- Namespaces take turns, and in each its issuers: a namespace with 300 issuers has the turns of one.
- `max_concurrent` keys are worked on at a time. A namespace gets one more while it holds fewer slots than are free:
  alone it holds half of them, beside another that wants as many a third; some are always free for the next one.
- Of each issuer's keys only `limit` are worked on at once. What belongs to no issuer has no such limit.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from domain.model import ObjectKey

_Name = TypeVar("_Name")
_IssuerKey = ObjectKey | None
_Line = OrderedDict[_IssuerKey, OrderedDict[ObjectKey, None]]
"""The keys of one namespace that are due, by issuer; the issuer whose turn is next is first."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How many keys of a namespace are worked on, and how many are due; `limited`: they wait for its share of slots."""

    namespace: str
    working: int
    due: int
    limited: bool


@dataclass(frozen=True, slots=True)
class _Work:
    namespace: str
    issuer: _IssuerKey
    since: timedelta
    begun: timedelta


class WorkQueue:
    """`issuer_of` says to which issuer a key belongs, `limit` how many of an issuer's may be worked on at once.

    `adds` is how often a key became due so far, `retries` how often one was scheduled.
    """

    def __init__(
        self, issuer_of: Callable[[ObjectKey], _IssuerKey], limit: Callable[[ObjectKey], int], max_concurrent: int
    ) -> None:
        self._issuer_of = issuer_of
        self._limit = limit
        self.max_concurrent = max_concurrent
        self.adds = self.retries = 0
        self._due: dict[ObjectKey, timedelta] = {}  # each with since when
        self._lines: OrderedDict[str, _Line] = OrderedDict()  # by namespace; whose turn is next, first
        self._timers: dict[ObjectKey, timedelta] = {}
        self._heap: list[tuple[timedelta, ObjectKey]] = []  # may hold timers that were since replaced
        self._working: dict[ObjectKey, _Work] = {}
        self._by_namespace: Counter[str] = Counter()  # of what is worked on, as the next one
        self._by_issuer: Counter[_IssuerKey] = Counter()
        self._again: dict[ObjectKey, timedelta] = {}

    def __len__(self) -> int:
        """How many keys are due, not counting those that wait for their time."""
        return len(self._due)

    def usage(self) -> Iterator[Usage]:
        """Of each namespace that has keys which are due or worked on."""
        for namespace in self._lines.keys() | self._by_namespace.keys():
            due = sum(map(len, self._lines.get(namespace, {}).values()))
            limited = due > 0 and not self._has_share(namespace)
            yield Usage(namespace, self._by_namespace[namespace], due, limited)

    def add(self, key: ObjectKey, now: timedelta) -> None:
        """Makes the key due now; its timer, if any, is dropped: the work returns the next time."""
        if self._timers.pop(key, None) is not None:
            self._compact()
        if key in self._working:
            self._again.setdefault(key, now)
        elif key not in self._due:
            self._due[key] = now
            self.adds += 1
            issuer = self._issuer_of(key)
            self._lines.setdefault(_tenant(key, issuer), OrderedDict()).setdefault(issuer, OrderedDict())[key] = None

    def schedule(self, key: ObjectKey, at: timedelta) -> None:
        """Makes the key due at a time, unless it is due before; a timer that fires later is replaced."""
        self.retries += 1
        if key in self._due or key in self._again or self._timers.get(key, timedelta.max) <= at:
            return
        self._timers[key] = at
        heapq.heappush(self._heap, (at, key))
        self._compact()

    def pop_due(self, now: timedelta) -> ObjectKey | None:
        """The next key to work on; it is not handed out again until `done`. None if there is nothing to do."""
        self._fire(now)
        if len(self._working) >= self.max_concurrent:
            return None
        for namespace, line in self._lines.items():
            if not self._has_share(namespace):
                continue
            for issuer in line:
                if self._has_room(issuer):
                    return self._begin(namespace, issuer, now)
        return None

    def due_since(self, key: ObjectKey) -> timedelta:
        """Since when the key, which is worked on, had been due."""
        return self._working[key].since

    def begun(self, key: ObjectKey) -> timedelta:
        """When the work on the key began."""
        return self._working[key].begun

    def all_begun(self) -> list[timedelta]:
        """When the work on each of the keys that are worked on began."""
        return [work.begun for work in self._working.values()]

    def done(self, key: ObjectKey) -> None:
        """Ends the work on a key; if it was added meanwhile, it is due again."""
        work = self._working.pop(key)
        _decrease(self._by_namespace, work.namespace)
        _decrease(self._by_issuer, work.issuer)
        if key in self._again:
            self.add(key, self._again.pop(key))

    def next_due(self) -> timedelta | None:
        """When the next timer fires; None if there is none. Keys that are due already are not counted."""
        while self._heap and self._timers.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _has_share(self, namespace: str) -> bool:
        return self._by_namespace[namespace] < self.max_concurrent - len(self._working)

    def _has_room(self, issuer: _IssuerKey) -> bool:
        return issuer is None or self._by_issuer[issuer] < self._limit(issuer)

    def _begin(self, namespace: str, issuer: _IssuerKey, now: timedelta) -> ObjectKey:
        """Takes the first key of the issuer; the next turns are those of other issuers and other namespaces."""
        line = self._lines[namespace]
        key, _ = line[issuer].popitem(last=False)
        _after_others(line, issuer)
        _after_others(self._lines, namespace)
        self._working[key] = _Work(namespace, issuer, self._due.pop(key), now)
        self._by_namespace[namespace] += 1
        self._by_issuer[issuer] += 1
        return key

    def _compact(self) -> None:
        """Drops entries of the heap whose timers were replaced or dropped, once they are more than the others."""
        if len(self._heap) > 2 * len(self._timers):
            self._heap = [(at, key) for key, at in self._timers.items()]
            heapq.heapify(self._heap)

    def _fire(self, now: timedelta) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, key = heapq.heappop(self._heap)
            self.add(key, due)


def _tenant(key: ObjectKey, issuer: _IssuerKey) -> str:
    """The issuer's namespace; the key's own where it has none. Cluster-scoped requests of cluster issuers: empty."""
    return issuer.namespace or key.namespace if issuer else key.namespace


def _after_others(waiting: OrderedDict[_Name, Any], name: _Name) -> None:
    if waiting[name]:
        waiting.move_to_end(name)
    else:
        del waiting[name]


def _decrease(counter: Counter[_Name], name: _Name) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
