"""The port TrustBundles in memory, for tests of the domain: it fails when told to, and roots are lines of text."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from adapters.memory.trust_bundles import MemoryTrustBundles
from domain.errors import ClusterError
from domain.model import Issuer
from entrypoints.issuer import NAMES


class FaultyTrustBundles(MemoryTrustBundles):
    """Takes any lines for roots, which never expire; raises each of `faults` in place of one deed."""

    def __init__(self) -> None:
        super().__init__(NAMES, lambda published, found, now: b"".join(_lines(published) | _lines(found)))
        self.faults: deque[ClusterError] = deque()

    async def publish(self, issuer: Issuer, roots: bytes, now: datetime) -> str:
        self._fail()
        return await super().publish(issuer, roots, now)

    async def remove(self, issuer: Issuer) -> None:
        self._fail()
        await super().remove(issuer)

    def _fail(self) -> None:
        if self.faults:
            raise self.faults.popleft()


def _lines(roots: bytes) -> dict[bytes, None]:
    return dict.fromkeys(roots.splitlines(keepends=True))
