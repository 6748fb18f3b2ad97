"""An est-ca for the tests of this folder: skipped without a Rust toolchain, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.signers.est.signer import EST
from adapters.signers.verify import VerifyingSigner
from domain.ports import Signer
from tests.integration.est_ca import build
from tests.integration.est_ca.server import ESTCAServer
from tests.support.cluster.fixtures import built
from tests.support.remote.asking import made


@pytest.fixture(scope="session")
def est_ca_program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "est-ca", build.ensure, "install Rust (cargo)")


@pytest.fixture(scope="session")
def est_ca(est_ca_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ESTCAServer]:
    """For all tests that leave it running."""
    with ESTCAServer(est_ca_program, tmp_path_factory.mktemp("est-ca")).running() as server:
        yield server


@pytest.fixture
def est_ca_of_my_own(est_ca_program: Path, tmp_path: Path) -> Iterator[ESTCAServer]:
    """For a test that ends it."""
    with ESTCAServer(est_ca_program, tmp_path).running() as server:
        yield server


@pytest.fixture
def strict_est_ca(est_ca_program: Path, tmp_path: Path) -> Iterator[ESTCAServer]:
    """It speaks TLS only with those who have a certificate."""
    with ESTCAServer(est_ca_program, tmp_path, require_client=True).running() as server:
        yield server


@pytest.fixture
async def signer() -> AsyncIterator[Signer]:
    """EST as the container wires it."""
    clock = SystemClock()
    async with made(clock) as clients:
        yield VerifyingSigner(EST(clients, clock), clock)
