"""An est-ca for the tests of this folder: skipped without a Rust toolchain, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from adapters.signers.verify import VerifyingSigner
from domain.ports import Signer
from tests.integration.est_ca import build
from tests.integration.est_ca.server import ESTCAServer
from tests.support.cluster.fixtures import built


@pytest.fixture(scope="session")
def est_ca_program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "est-ca", build.ensure, "install Rust (cargo)")


@pytest.fixture(scope="session")
def est_ca(est_ca_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ESTCAServer]:
    """For all tests that leave it running."""
    server = ESTCAServer(est_ca_program, tmp_path_factory.mktemp("est-ca"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def est_ca_of_my_own(est_ca_program: Path, tmp_path: Path) -> Iterator[ESTCAServer]:
    """For a test that ends it."""
    server = ESTCAServer(est_ca_program, tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def strict_est_ca(est_ca_program: Path, tmp_path: Path) -> Iterator[ESTCAServer]:
    """It speaks TLS only with those who have a certificate."""
    server = ESTCAServer(est_ca_program, tmp_path, require_client=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
async def signer() -> AsyncIterator[Signer]:
    """EST as the container wires it."""
    clock = SystemClock()
    clients = ClientPool(clock)
    yield VerifyingSigner(EST(clients, clock), clock)
    await clients.close()
