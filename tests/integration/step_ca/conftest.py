"""A step-ca for the tests of this folder: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from tests.integration.step_ca.server import StepCAServer
from tests.support.cluster.fixtures import built
from tests.support.programs import STEP_CA
from tests.support.remote.asking import made


@pytest.fixture(scope="session")
def step_ca_program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "step-ca", STEP_CA.ensure, "install Go")


@pytest.fixture(scope="session")
def step_ca(step_ca_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepCAServer]:
    """For all tests that leave it running."""
    with StepCAServer(step_ca_program, tmp_path_factory.mktemp("step-ca")).running() as server:
        yield server


@pytest.fixture
def step_ca_of_my_own(step_ca_program: Path, tmp_path: Path) -> Iterator[StepCAServer]:
    """For a test that ends it."""
    with StepCAServer(step_ca_program, tmp_path).running() as server:
        yield server


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    async with made(SystemClock()) as clients:
        yield clients
