"""What every Lease must do.

Inherit, and say how to make one:

    class TestMine(LeaseContract):
        @pytest.fixture
        def lease(self) -> Lease:
            return MyLease(...)
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Conflict, NotFound
from domain.ports import Lease, LeaseRecord

DATE = datetime(2030, 1, 2, 3, 4, 5, 60, tzinfo=UTC)
OURS = LeaseRecord("us", timedelta(seconds=14), 2, DATE, DATE + timedelta(seconds=2))


class LeaseContract:
    @pytest.fixture
    def lease(self) -> Lease:
        """One that nobody has written yet."""
        raise NotImplementedError

    @pytest.fixture
    def elsewhere(self, lease: Lease) -> Lease:
        """The same one as another process sees it; override where there can be another process."""
        return lease

    async def delete(self, lease: Lease) -> None:
        """What an administrator does to it."""
        raise NotImplementedError

    async def test_before_the_first_write_there_is_none(self, lease: Lease) -> None:
        assert await lease.read() is None

    async def test_what_was_written_is_read_by_everybody(self, lease: Lease, elsewhere: Lease) -> None:
        written = await lease.write(OURS)
        assert written.version
        assert written == replace(OURS, version=written.version)
        assert await lease.read() == await elsewhere.read() == written

    async def test_what_has_a_version_replaces_it_and_gets_another(self, lease: Lease) -> None:
        first = await lease.write(OURS)
        released = replace(first, holder="", duration=timedelta(seconds=1), transitions=0)
        second = await lease.write(released)
        assert second.version != first.version
        assert await lease.read() == second == replace(released, version=second.version)

    async def test_who_was_slower_is_refused_and_writes_nothing(self, lease: Lease, elsewhere: Lease) -> None:
        first = await lease.write(OURS)
        await elsewhere.read()
        second = await elsewhere.write(replace(first, holder="another"))
        for late in (first, replace(first, version="")):
            with pytest.raises(Conflict):
                await lease.write(late)
        assert await lease.read() == second

    async def test_of_many_at_once_one_wins(self, lease: Lease, elsewhere: Lease) -> None:
        for turn in range(2):  # first they create it, then they replace it
            found = await lease.read()
            offered = [
                replace(OURS, holder=f"{turn}/{number}", version=found.version if found else "") for number in range(6)
            ]
            writers = [(lease, elsewhere)[number % 2].write(record) for number, record in enumerate(offered)]
            results = await asyncio.gather(*writers, return_exceptions=True)
            assert sorted(type(result).__name__ for result in results) == ["Conflict"] * 5 + ["LeaseRecord"]
            assert await lease.read() in results

    async def test_a_deleted_one_is_written_anew_only_by_who_knows_that(self, lease: Lease) -> None:
        written = await lease.write(OURS)
        await self.delete(lease)
        assert await lease.read() is None
        with pytest.raises((NotFound, Conflict)):
            await lease.write(written)
        assert await lease.read() is None
        assert (await lease.write(OURS)).holder == "us"
