import pytest

from adapters.memory.trust_bundles import Bundle, MemoryTrustBundles
from adapters.signers.pki import trust_bundle
from entrypoints.issuer import NAMES
from tests.contracts.trust_bundles_contract import Published, Stage, TrustBundlesContract, an_issuer


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.bundles: MemoryTrustBundles = MemoryTrustBundles(NAMES, trust_bundle.merge)
        self.issuer = an_issuer("contract")

    async def published(self) -> Published | None:
        found = self.bundles.bundles.get(self.name)
        return Published(found.roots, repr(found)) if found else None

    async def make_foreign(self, roots: bytes) -> None:
        self.bundles.bundles[self.name] = Bundle("", roots)

    async def delete(self) -> None:
        del self.bundles.bundles[self.name]


class TestMemoryTrustBundles(TrustBundlesContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return MemoryStage()
