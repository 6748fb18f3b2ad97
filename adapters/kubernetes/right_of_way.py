"""Lets status writes go before Events.

Events wait until no status write is in flight, at most for a timeout, so that they are slow under lasting load but
never stop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class StatusWritePriority:
    def __init__(self) -> None:
        self._under_way = 0
        self._gap = asyncio.Event()
        self._gap.set()

    @contextmanager
    def taken(self) -> Iterator[None]:
        self._under_way += 1
        self._gap.clear()
        try:
            yield
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._gap.set()

    async def yielded(self, longest: float) -> None:
        """Returns when no status write is under way, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._gap.wait()
