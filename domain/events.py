"""Folds repeated Events into series, which `kubectl describe` shows as `x3 over 13s`.

Without I/O, of bounded size: after a series was dropped, the next repetition starts a new Event.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.effects import Event

WINDOW = timedelta(minutes=10)
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class EventSeries:
    """The count-th time that this Event was seen; `name` is the same for all of a series."""

    event: Event
    name: str
    count: int
    first: datetime
    last: datetime


class Series:
    def __init__(self) -> None:
        self._seen: OrderedDict[Event, EventSeries] = OrderedDict()

    def observe(self, event: Event, now: datetime) -> EventSeries:
        """The same Event within ten minutes of its last occurrence is one more of its series."""
        known = self._seen.pop(event, None)
        if known is None or now - known.last > WINDOW:
            seen = EventSeries(event, _name(event, now), 1, now, now)
        else:
            seen = EventSeries(event, known.name, known.count + 1, known.first, now)
        self._seen[event] = seen
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return seen

    def forget(self, event: Event) -> None:
        """The cluster has lost the series: the next occurrence begins a new one."""
        self._seen.pop(event, None)


def _name(event: Event, now: datetime) -> str:
    """As client-go names them: the object's name and the time, unique in practice, within 253 characters."""
    suffix = f"{int(now.timestamp() * 1e6):x}{hash(event) & 0xFFFF:04x}"
    return f"{event.regarding.name[:230].rstrip('.-')}.{suffix}"
