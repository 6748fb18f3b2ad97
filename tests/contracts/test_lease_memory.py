import pytest

from adapters.memory.lease import MemoryLease
from domain.ports import Lease
from tests.contracts.lease_contract import LeaseContract


class TestMemoryLease(LeaseContract):
    @pytest.fixture
    def lease(self) -> Lease:
        return MemoryLease()

    async def delete(self, lease: Lease) -> None:
        assert isinstance(lease, MemoryLease)
        lease.record = None
