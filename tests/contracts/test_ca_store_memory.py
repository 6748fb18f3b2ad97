import pytest

from adapters.memory.ca_store import MemoryCAStore
from domain.ports import CAStore
from tests.contracts.ca_store_contract import CAStoreContract


class TestMemoryCAStore(CAStoreContract):
    @pytest.fixture
    def store(self) -> CAStore:
        return MemoryCAStore()
