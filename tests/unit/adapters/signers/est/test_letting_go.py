"""EST keeps no data of a Secret."""

from __future__ import annotations

from pathlib import Path

from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from domain.model import IssuerSpec
from tests.contracts.clock import StoppedClock
from tests.support.remote import est, https
from tests.unit.adapters.signers.test_letting_go import SECRET, is_let_go


async def test_est_keeps_no_secret(tmp_path: Path) -> None:
    clients = ClientPool(StoppedClock())
    data = {"ca.crt": https.ROOT.pem, "username": est.USERNAME.encode(), "password": est.PASSWORD.encode()}
    async with est.est(tmp_path) as server:
        assert await is_let_go(EST(clients, StoppedClock()), IssuerSpec(server.url, SECRET, "EST"), data)
        await clients.close()
