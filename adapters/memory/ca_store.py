"""The port CAStore in memory: kept for as long as the process lives."""

from collections.abc import Callable

from domain.ports import CAStore


class MemoryCAStore(CAStore):
    """`pair` is what it keeps, to look at."""

    def __init__(self) -> None:
        self.pair: tuple[bytes, bytes] | None = None

    async def get_or_create(self, make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        if self.pair is None:  # no await between here and the return: callers cannot come between
            self.pair = make()
        return self.pair
