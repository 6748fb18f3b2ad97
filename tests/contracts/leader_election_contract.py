"""What every LeaderElection must do.

Inherit, and say how to make one:

    class TestMine(LeaderElectionContract):
        @pytest.fixture
        def election(self) -> LeaderElection:
            return MyElection(...)
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from domain.ports import LeaderElection

PATIENCE = 20.0  # seconds, much more than anything here takes


class LeaderElectionContract:
    @pytest.fixture
    def election(self) -> LeaderElection:
        """One that will lead soon after `run` has begun, since nobody else wants to."""
        raise NotImplementedError

    @pytest.fixture
    async def running(self, election: LeaderElection) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(election.run())
        yield task
        task.cancel()
        await asyncio.wait([task])

    async def test_it_leads_once_it_says_so(self, election: LeaderElection, running: asyncio.Task[None]) -> None:
        async with asyncio.timeout(PATIENCE):
            await election.started_leading()
        assert election.is_leader()

    async def test_it_takes_part_until_it_is_cancelled(
        self, election: LeaderElection, running: asyncio.Task[None]
    ) -> None:
        async with asyncio.timeout(PATIENCE):
            await election.started_leading()
        running.cancel()
        await asyncio.wait([running], timeout=PATIENCE)
        assert running.cancelled()

    async def test_a_released_lead_can_be_released_again(
        self, election: LeaderElection, running: asyncio.Task[None]
    ) -> None:
        async with asyncio.timeout(PATIENCE):
            await election.started_leading()
            running.cancel()
            await asyncio.wait([running])
            await election.release()
            await election.release()
