"""A signer that is asked only while this process leads."""

from __future__ import annotations

import asyncio

import pytest

from adapters.signers.decorators import LeaderOnlySigner
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.unit.adapters.signers.orders import order


class Inner(Signer):
    def __init__(self) -> None:
        self.asked: list[object] = []

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        self.asked.append((issuer, credentials))
        return CheckResult()

    async def sign(self, order: SignRequest) -> Issued | Pending:
        self.asked.append(order)
        return Issued(b"a certificate")


async def test_while_leading_it_is_the_inner_signer() -> None:
    inner, asked = Inner(), order()
    signer = LeaderOnlySigner(inner, lambda: True)
    await signer.check(asked.issuer, asked.credentials)
    assert await signer.sign(asked) == Issued(b"a certificate")
    assert inner.asked == [(asked.issuer, asked.credentials), asked]


async def test_otherwise_the_work_is_cancelled_and_nothing_asked() -> None:
    inner, asked = Inner(), order()
    signer = LeaderOnlySigner(inner, lambda: False)
    for question in (signer.check(asked.issuer, asked.credentials), signer.sign(asked)):
        task = asyncio.ensure_future(question)
        await asyncio.wait([task])
        assert task.cancelled()
    assert inner.asked == []


async def test_it_is_asked_each_time_anew() -> None:
    answers, asked = [True, False], order()
    signer = LeaderOnlySigner(Inner(), lambda: answers.pop(0))
    await signer.sign(asked)
    with pytest.raises(asyncio.CancelledError):
        await signer.sign(asked)


def test_whatever_the_port_lets_a_signer_declare_is_passed_on() -> None:
    declared = [name for name, member in vars(Signer).items() if not name.startswith("_") and not callable(member)]
    assert "ca_decides_subject_and_usages" in declared
    for name in declared:
        inner, told = Inner(), object()
        setattr(inner, name, told)
        assert getattr(LeaderOnlySigner(inner, lambda: True), name) is told, name
