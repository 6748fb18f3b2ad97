"""A queue of keys that never hands out a key that somebody is still working on, and never loses one.

Law: sans I/O. Times go in as arguments; whoever waits, waits elsewhere. A key is due at most once: asking for it
again while it waits changes nothing, asking while it is worked on makes it due again when that work is done. It is
remembered since when a key was due, so that one can say how long keys wait for somebody to work on them.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from datetime import datetime

from domain.model import ObjectKey


class WorkQueue:
    def __init__(self) -> None:
        self._ready: OrderedDict[ObjectKey, datetime] = OrderedDict()  # in order of arrival
        self._timers: dict[ObjectKey, datetime] = {}
        self._heap: list[tuple[datetime, ObjectKey]] = []  # may hold timers that were since replaced
        self._working: dict[ObjectKey, datetime] = {}
        self._again: dict[ObjectKey, datetime] = {}

    def __len__(self) -> int:
        """How many keys are due, not counting those that wait for their time."""
        return len(self._ready)

    def add(self, key: ObjectKey, now: datetime) -> None:
        """Makes the key due now; its timer, if any, is dropped: the work decides anew when to come back."""
        self._timers.pop(key, None)
        if key in self._working:
            self._again.setdefault(key, now)
        else:
            self._ready.setdefault(key, now)

    def schedule(self, key: ObjectKey, at: datetime) -> None:
        """Makes the key due at a time, in place of any earlier timer; a key that is due anyway stays due."""
        if key in self._ready or key in self._again:
            return
        self._timers[key] = at
        heapq.heappush(self._heap, (at, key))

    def pop_due(self, now: datetime) -> ObjectKey | None:
        """The next key to work on, which is then nobody else's until `done`; None if there is nothing to do."""
        self._fire(now)
        if not self._ready:
            return None
        key, since = self._ready.popitem(last=False)
        self._working[key] = since
        return key

    def due_since(self, key: ObjectKey) -> datetime:
        """Since when the key, which is worked on, had been due."""
        return self._working[key]

    def done(self, key: ObjectKey) -> None:
        """Ends the work on a key; a wish that came meanwhile makes it due again."""
        del self._working[key]
        if key in self._again:
            self._ready.setdefault(key, self._again.pop(key))

    def next_due(self) -> datetime | None:
        """When the next timer fires; None if there is none. Keys that are due already are not counted."""
        while self._heap and self._timers.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _fire(self, now: datetime) -> None:
        while (due := self.next_due()) is not None and due <= now:
            _, key = heapq.heappop(self._heap)
            del self._timers[key]
            self.add(key, due)
