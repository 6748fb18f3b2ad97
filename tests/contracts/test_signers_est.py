"""The contract over EST, which cannot ask for usages, isCA or a duration: the CA behind it has its own profile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from adapters.signers.verify import VerifyingSigner
from domain.model import Credentials, IssuerSpec, ObjectKey
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_honours import ALL, Honours
from tests.contracts.signer_roots import KnownRoots
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est


class ESTContract(KnownRoots, SignerContract):
    honours = ALL - {Honours.USAGES, Honours.DURATION, Honours.IS_CA, Honours.NAME_CONSTRAINTS}

    @pytest.fixture
    async def server(self, tmp_path: Path) -> AsyncIterator[ESTServer]:
        async with est(tmp_path) as server:
            yield server

    @pytest.fixture
    def issuer(self, server: ESTServer) -> IssuerSpec:
        return IssuerSpec(server.url, ObjectKey("Secret", "default", "credentials"), "est", ESTSpec())

    @pytest.fixture
    async def signer(self) -> AsyncIterator[Signer]:
        clock = StoppedClock()
        clients = ClientPool(clock)
        yield VerifyingSigner(EST(clients, clock), clock)
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
