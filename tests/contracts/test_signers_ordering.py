"""The contract over a signer whose CA takes orders, hands out handles, and answers later: what none of ours has.

The CA outlives the signer; the signer remembers nothing, so that only the handle leads back to an order.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.demo.signer import Demo
from adapters.signers.verify import VerifyingSigner
from domain.errors import SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_orders import OrderMaker
from tests.support import pki


class OrderingCA:
    """Keeps what it was asked for by handle; answers each order once, to whoever shows its handle."""

    def __init__(self) -> None:
        self.orders: dict[str, SignRequest] = {}
        self._signer = Demo(MemoryCAStore(), StoppedClock(), "demo CA")

    def take(self, order: SignRequest) -> str:
        handle = f"order-{len(self.orders) + 1}"
        self.orders[handle] = order
        return handle

    async def answer(self, handle: str) -> Issued:
        if handle not in self.orders:
            raise SigningError("the CA knows no such order")
        return await self._signer.sign(self.orders[handle])


class Ordering(Signer):
    cannot_set_names = ""

    def __init__(self, ca: OrderingCA) -> None:
        self._ca = ca

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        return CheckResult()

    async def sign(self, order: SignRequest) -> Issued | Pending:
        if order.handle is None:
            return Pending("somebody looks at it", timedelta(0), self._ca.take(order))
        return await self._ca.answer(order.handle)


class TestOrdering(SignerContract):
    @pytest.fixture
    def ca(self) -> OrderingCA:
        return OrderingCA()

    @pytest.fixture
    def signer(self, ca: OrderingCA) -> Signer:
        return VerifyingSigner(Ordering(ca), StoppedClock())

    @pytest.fixture
    def restarted(self, ca: OrderingCA) -> Signer:
        return VerifyingSigner(Ordering(ca), StoppedClock())

    async def test_the_ca_is_given_an_order_once(self, signer: Signer, ca: OrderingCA, order: OrderMaker) -> None:
        asked = order(pki.csr())
        taken = await signer.sign(asked)
        assert isinstance(taken, Pending)
        await signer.sign(replace(asked, handle=taken.handle))
        assert list(ca.orders) == [taken.handle]
