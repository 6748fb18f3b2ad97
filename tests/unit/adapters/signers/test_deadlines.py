"""A whole check and a whole signing end in bounded time, whatever the CA does."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from adapters.signers import decorators
from adapters.signers.decorators import DeadlineSigner
from domain.errors import IssuerUnhealthy, SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.unit.adapters.signers.orders import order

ASKED = order()


class Inner(Signer):
    """Does what it is told for both questions; hangs where it is told nothing."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        await self._answer()
        return CheckResult()

    async def sign(self, order: SignRequest) -> Issued | Pending:
        await self._answer()
        return Issued(b"a certificate")

    async def _answer(self) -> None:
        if self.failure:
            raise self.failure


class Hanging(Inner):
    async def _answer(self) -> None:
        await asyncio.Event().wait()


async def test_within_its_deadlines_it_is_the_inner_signer() -> None:
    signer = DeadlineSigner(Inner())

    assert await signer.check(ASKED.issuer, ASKED.credentials) == CheckResult()
    assert await signer.sign(ASKED) == Issued(b"a certificate")


async def test_a_check_that_hangs_is_ended_and_the_issuer_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decorators, "CHECK", timedelta(milliseconds=10))

    with pytest.raises(IssuerUnhealthy) as caught:
        await DeadlineSigner(Hanging()).check(ASKED.issuer, ASKED.credentials)

    assert str(caught.value) == "the check was ended after 0.01s; see whether its CA is slow or asked for too much"


async def test_a_signing_that_hangs_is_ended_and_is_that_request_s_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decorators, "SIGN", timedelta(milliseconds=10))

    with pytest.raises(SigningError) as caught:
        await DeadlineSigner(Hanging()).sign(ASKED)

    assert type(caught.value) is SigningError
    assert str(caught.value).startswith("the signing was ended after 0.01s; ")


async def test_a_timeout_of_the_signer_s_own_is_passed_on() -> None:
    signer = DeadlineSigner(Inner(TimeoutError("its own")))

    for asking in (signer.check(ASKED.issuer, ASKED.credentials), signer.sign(ASKED)):
        with pytest.raises(TimeoutError, match="its own"):
            await asking


async def test_being_cancelled_is_no_failure_of_the_ca() -> None:
    task = asyncio.create_task(DeadlineSigner(Inner(asyncio.CancelledError())).sign(ASKED))  # type: ignore[arg-type]
    await asyncio.wait([task])

    assert task.cancelled()
