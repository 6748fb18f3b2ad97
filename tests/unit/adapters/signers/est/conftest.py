"""An EST server that answers well, and a signer that asks it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.signers.est.signer import EST
from adapters.signers.http.client import Limits
from adapters.signers.http.pool import ClientPool
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import made
from tests.support.remote.est import ESTServer, est


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    async with made(limits=Limits(total=timedelta(seconds=2), body=50_000)) as clients:
        yield clients


@pytest.fixture
def signer(clients: ClientPool) -> EST:
    return EST(clients, StoppedClock())


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ESTServer]:
    async with est(tmp_path) as server:
        yield server
