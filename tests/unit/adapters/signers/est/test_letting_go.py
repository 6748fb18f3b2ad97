"""EST keeps no data of a Secret."""

from __future__ import annotations

from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from domain.model import IssuerSpec
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer
from tests.unit.adapters.signers.test_letting_go import SECRET, is_let_go


async def test_est_keeps_no_secret(signer: EST, server: ESTServer) -> None:
    data = {"ca.crt": https.ROOT.pem, "username": USERNAME.encode(), "password": PASSWORD.encode()}

    assert await is_let_go(signer, IssuerSpec(server.url, SECRET, "est", ESTSpec()), data)
