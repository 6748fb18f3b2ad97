"""The port Recorder in memory: Events and their series, to be looked at."""

from __future__ import annotations

import asyncio

from domain.effects import Event
from domain.events import EventSeries, Series
from domain.model import ObjectKey
from domain.ports import Clock, Recorder


class MemoryRecorder(Recorder):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._series = Series()
        self._seen: dict[str, EventSeries] = {}

    def record(self, event: Event) -> None:
        seen = self._series.observe(event, self._clock.now())
        self._seen[seen.name] = seen

    async def run(self) -> None:
        await asyncio.Event().wait()  # publishing is done in record()

    async def flush(self) -> None:
        return

    def all(self) -> list[EventSeries]:
        """What was recorded, each series once, in order of its first occurrence."""
        return list(self._seen.values())

    def about(self, key: ObjectKey) -> list[EventSeries]:
        """The part of `all` that regards this object."""
        return [seen for seen in self.all() if seen.event.regarding == key]
