"""The port Lease in memory, for several electors in one process."""

from __future__ import annotations

from dataclasses import replace

from domain.errors import Conflict, NotFound
from domain.ports import Lease, LeaseRecord


class MemoryLease(Lease):
    """`record` is what it holds, to look at; set it to None to delete it."""

    def __init__(self) -> None:
        self.record: LeaseRecord | None = None
        self._writes = 0

    async def read(self) -> LeaseRecord | None:
        return self.record

    async def write(self, record: LeaseRecord) -> LeaseRecord:
        if self.record is None and record.version:
            raise NotFound("the lease has been deleted")
        if self.record is not None and record.version != self.record.version:
            raise Conflict("the lease has been modified")
        self._writes += 1
        self.record = replace(record, version=str(self._writes))
        return self.record
