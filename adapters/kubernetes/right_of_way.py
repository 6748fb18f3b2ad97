"""Who goes first where many want to write.

Law: whoever has the right of way never waits. Whoever yields waits for a moment without them, but never for longer
than he says: under a load that does not end he is slow, not starved.
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
        """Returns when nobody has it, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(longest):
                await self._gap.wait()
