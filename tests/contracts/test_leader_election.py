from __future__ import annotations

import pytest

from adapters.clock import SystemClock
from adapters.memory.lease import MemoryLease
from domain.controller.leader_election import LeaderElectionState, LeaseTimes
from domain.controller.leader_elector import LeaderElector, NoLeaderElection
from domain.ports import LeaderElection
from tests.contracts.leader_election_contract import LeaderElectionContract


class TestLeaderElector(LeaderElectionContract):
    @pytest.fixture
    def election(self) -> LeaderElection:
        return LeaderElector(MemoryLease(), LeaderElectionState("us", LeaseTimes()), SystemClock())


class TestNoLeaderElection(LeaderElectionContract):
    @pytest.fixture
    def election(self) -> LeaderElection:
        return NoLeaderElection()
