"""A signer that answers what its script says."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import datetime, timedelta

from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.support.factories import T0

RequestOutcome = Issued | Pending | Exception


class ScriptedSigner(Signer):
    """Answers from its scripts in turn, and well when they are empty; `hold()` keeps callers until `release()`."""

    clock = StoppedClock(T0)

    def __init__(self) -> None:
        self.answers: deque[RequestOutcome] = deque()
        self.verdicts: deque[Exception | None] = deque()
        self.orders: list[SignRequest] = []
        self.checks: list[tuple[IssuerSpec, Credentials]] = []
        self.held: list[asyncio.Future[None]] = []
        self.expires: datetime | None = None
        self.warnings: tuple[str, ...] = ()
        self.roots = b""
        self._holding = False

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        self.checks.append((issuer, credentials))
        verdict = self.verdicts.popleft() if self.verdicts else None
        await self._hold()
        if verdict is not None:
            raise verdict
        return CheckResult(self.expires, self.warnings, self.roots)

    async def sign(self, order: SignRequest) -> Issued | Pending:
        self.orders.append(order)
        answer = self.answers.popleft() if self.answers else self.an_answer(order)
        await self._hold()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def an_answer(self, order: SignRequest) -> Issued:
        now = self.clock.now()
        return Issued(certificate_for(order.uid), b"ca", (now, now + timedelta(hours=1)))

    def hold(self) -> None:
        self._holding = True

    def release(self, number: int = 0) -> None:
        """Lets the number-th of the callers that wait go on."""
        self.held.pop(number).set_result(None)

    def release_all(self) -> None:
        """Lets all go on, and nobody waits any more."""
        self._holding = False
        while self.held:
            self.release()

    async def _hold(self) -> None:
        if self._holding:
            self.held.append(asyncio.get_running_loop().create_future())
            await self.held[-1]


def certificate_for(uid: str) -> bytes:
    return f"certificate for {uid}".encode()
