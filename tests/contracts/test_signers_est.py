"""The contract over EST. What EST has no words for, the CA behind the server must know: it is announced to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from adapters.signers.verify import VerifyingSigner
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, ObjectKey, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est


class Announced(Signer):
    """Tells the CA's profile what an order wants beyond its CSR, and asks the signer under test."""

    def __init__(self, signer: Signer, server: ESTServer) -> None:
        self._signer = signer
        self._server = server

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        return await self._signer.check(issuer, credentials)

    async def sign(self, order: SignRequest) -> Issued | Pending:
        with contextlib.suppress(ValueError):
            self._server.announce(order)
        return await self._signer.sign(order)


class ESTContract(SignerContract):
    @pytest.fixture
    async def server(self, tmp_path: Path) -> AsyncIterator[ESTServer]:
        async with est(tmp_path) as server:
            yield server

    @pytest.fixture
    def issuer(self, server: ESTServer) -> IssuerSpec:
        return IssuerSpec(server.url, ObjectKey("Secret", "default", "credentials"), "est", ESTSpec())

    @pytest.fixture
    async def signer(self, server: ESTServer) -> AsyncIterator[Signer]:
        clock = StoppedClock()
        clients = ClientPool(clock)
        yield Announced(VerifyingSigner(EST(clients, clock), clock), server)
        await clients.close()


class TestESTByPassword(ESTContract):
    @pytest.fixture
    def credentials(self) -> Credentials:
        data = {"username": USERNAME.encode(), "password": PASSWORD.encode(), "ca.crt": https.ROOT.pem}
        return Credentials(data, version="1")


class TestESTByCertificate(ESTContract):
    @pytest.fixture
    def credentials(self) -> Credentials:
        us = https.client_certificate()
        return Credentials({"tls.crt": us.pem, "tls.key": us.key_pem, "ca.crt": https.ROOT.pem}, version="1")
