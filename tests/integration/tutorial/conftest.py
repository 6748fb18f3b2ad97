"""A CFSSL for the tests of this folder: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from tests.integration.tutorial.server import CFSSLServer
from tests.support.cluster.fixtures import built
from tests.support.programs import CFSSL
from tests.support.readme import ROOT
from tests.support.remote.asking import made

collect_ignore = ["test_tutorial.py"] if (ROOT / "adapters" / "signers" / "cfssl").exists() else []
"""Where somebody has followed the tutorial, it cannot be followed again."""


@pytest.fixture(scope="session")
def cfssl_program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "cfssl", CFSSL.ensure, "install Go")


@pytest.fixture(scope="session")
def cfssl(cfssl_program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CFSSLServer]:
    with CFSSLServer(cfssl_program, tmp_path_factory.mktemp("cfssl")).running() as server:
        yield server


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    async with made(SystemClock(), allow_http=True) as clients:
        yield clients
