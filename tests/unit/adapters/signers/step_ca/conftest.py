"""A server that answers as step-ca does, until a test has it say something else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from adapters.signers.step_ca.signer import StepCA
from tests.contracts.clock import StoppedClock
from tests.support.remote import https
from tests.support.remote.asking import made
from tests.unit.adapters.signers.lying import ROOT
from tests.unit.adapters.signers.step_ca.asking import KEY, Answers, pem


@pytest.fixture
def answers() -> Answers:
    """What is answered to each path: a healthy CA, until a test changes it."""
    return {
        "/health": (200, {"status": "ok"}),
        "/provisioners": (200, {"provisioners": [{"type": "JWK", "name": "us", "key": KEY.public}]}),
        "/roots": (201, {"crts": pem(ROOT)}),
    }


@pytest.fixture
async def server(tmp_path: Path, answers: Answers) -> AsyncIterator[https.Server]:
    async def answer(request: web.Request) -> web.Response:
        if request.path not in answers:
            return web.Response(status=404)
        status, body = answers[request.path]
        return web.Response(status=status, body=body if isinstance(body, bytes) else json.dumps(body).encode())

    async with https.serving(tmp_path, answer) as server:
        yield server


@pytest.fixture
async def signer() -> AsyncIterator[StepCA]:
    async with made() as clients:
        yield StepCA(clients, StoppedClock())
