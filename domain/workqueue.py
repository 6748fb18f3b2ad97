"""A queue of keys that never hands out a key that somebody is still working on, and never loses one.

Sans I/O: the time is an argument, always the uptime of ports.Clock, which nobody sets. A key is due at most once:
asking for it again while it waits changes nothing, asking while it is worked on makes it due again when that work is
done. A key has at most one timer, the earliest that was asked for. It is remembered since when a key was due, so that
one can say how long keys wait for somebody to work on them.
Keys of one issuer share a lane: lanes take turns, and of each only so many keys are worked on at once, so that no
issuer's requests wait for another's. Keys without a lane go first.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import timedelta

from domain.model import ObjectKey

Lane = ObjectKey | None


class WorkQueue:
    """`lane` says to which issuer a key belongs, if to any, `width` how many of its keys may be worked on at once."""

    def __init__(self, lane: Callable[[ObjectKey], Lane], width: Callable[[ObjectKey], int]) -> None:
        self._lane = lane
        self._width = width
        self._due: dict[ObjectKey, timedelta] = {}  # each with since when
        self._lanes: OrderedDict[Lane, OrderedDict[ObjectKey, None]] = OrderedDict()  # whose turn is next, first
        self._timers: dict[ObjectKey, timedelta] = {}
        self._heap: list[tuple[timedelta, ObjectKey]] = []  # may hold timers that were since replaced
        self._working: dict[ObjectKey, tuple[Lane, timedelta]] = {}
        self._busy: Counter[Lane] = Counter()
        self._again: dict[ObjectKey, timedelta] = {}

    def __len__(self) -> int:
        """How many keys are due, not counting those that wait for their time."""
        return len(self._due)

    def add(self, key: ObjectKey, now: timedelta) -> None:
        """Makes the key due now; its timer, if any, is dropped: the work decides anew when to come back."""
        if self._timers.pop(key, None) is not None:
            self._compact()
        if key in self._working:
            self._again.setdefault(key, now)
        elif key not in self._due:
            self._due[key] = now
            self._line_up(key, self._lane(key))

    def schedule(self, key: ObjectKey, at: timedelta) -> None:
        """Makes the key due at a time, unless it is due before; a timer that fires later is replaced."""
        if key in self._due or key in self._again or self._timers.get(key, timedelta.max) <= at:
            return
        self._timers[key] = at
        heapq.heappush(self._heap, (at, key))
        self._compact()

    def pop_due(self, now: timedelta) -> ObjectKey | None:
        """The next key to work on, which is then nobody else's until `done`; None if there is nothing to do."""
        self._fire(now)
        lane = next((lane for lane in self._lanes if self._has_room(lane)), None)
        if lane not in self._lanes:
            return None
        key = self._take(lane)
        self._working[key] = lane, self._due.pop(key)
        self._busy[lane] += 1
        return key

    def due_since(self, key: ObjectKey) -> timedelta:
        """Since when the key, which is worked on, had been due."""
        _, since = self._working[key]
        return since

    def done(self, key: ObjectKey) -> None:
        """Ends the work on a key; a wish that came meanwhile makes it due again."""
        lane, _ = self._working.pop(key)
        self._busy[lane] -= 1
        if not self._busy[lane]:
            del self._busy[lane]
        if key in self._again:
            self.add(key, self._again.pop(key))

    def next_due(self) -> timedelta | None:
        """When the next timer fires; None if there is none. Keys that are due already are not counted."""
        while self._heap and self._timers.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def _line_up(self, key: ObjectKey, lane: Lane) -> None:
        self._lanes.setdefault(lane, OrderedDict())[key] = None  # in order of arrival
        if lane is None:
            self._lanes.move_to_end(lane, last=False)

    def _has_room(self, lane: Lane) -> bool:
        return lane is None or self._busy[lane] < self._width(lane)

    def _take(self, lane: Lane) -> ObjectKey:
        """The first key of the lane, whose next turn comes after everybody else's."""
        key, _ = self._lanes[lane].popitem(last=False)
        if not self._lanes[lane]:
            del self._lanes[lane]
        elif lane is not None:
            self._lanes.move_to_end(lane)
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
