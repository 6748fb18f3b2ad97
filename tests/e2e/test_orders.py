"""An order that a CA answers later, and a manager that is restarted meanwhile."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import web

from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.deployed import Deployed
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est

ORDER = f"{NAMES.group}/Order"
KIND = "certificaterequest"


async def test_it_is_asked_for_again_by_the_next_process_and_not_before_its_time(
    deployed: Deployed, manager: Manager, namespace: str, tmp_path: Path
) -> None:
    async with est(tmp_path) as server:
        asked_at: list[datetime] = []

        async def later(request: web.Request) -> web.StreamResponse:
            return web.Response(status=202, headers={"Retry-After": "5"})

        async def now(request: web.Request) -> web.StreamResponse:
            asked_at.append(datetime.now(UTC))
            return await server.answer(request)

        server.next = [later, now]
        objects = Objects(deployed.server, namespace)
        order = await asyncio.to_thread(_ordered, objects, server)
        await asyncio.to_thread(manager.process.stop)
        manager.process.start()  # here: it dies with the thread that starts it
        await asyncio.to_thread(objects.wait_for_reason, KIND, "app", "Issued")
    assert datetime.fromisoformat(json.loads(order["message"])["askAgainAt"]) <= asked_at[0]
    assert server.asked.count("simpleenroll") == 2
    conditions = (await asyncio.to_thread(objects.get, KIND, "app"))["status"]["conditions"]
    assert ORDER not in {condition["type"] for condition in conditions}


def _ordered(objects: Objects, server: ESTServer) -> dict[str, Any]:
    """A request that the CA has taken; returns its Order condition."""
    secret = objects.secret(**{"username": USERNAME, "password": PASSWORD, "ca.crt": https.ROOT.pem.decode()})
    objects.apply(secret, objects.issuer(est={}, url=server.url), objects.request("app", pki.csr()))
    return objects.wait_for_reason(KIND, "app", "Taken", ORDER)
