"""A Signer around any Signer, that bounds how long one check and one signing may take.

Each exchange with a CA has limits of its own (remote/http.py), but a check or a signing can need many of them, and a
worker is held all the time.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from adapters.signers.around import SignerDecorator
from domain import durations
from domain.errors import IssuerUnhealthy, SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest

CHECK = timedelta(seconds=60)
"""A turn and an answer of a CA may take 30 s each; what needs two such exchanges is no CA to wait for."""
SIGN = timedelta(seconds=120)
"""Twice as long: what the CA signs is lost if this ends before the answer has come, and is then asked for again."""


class DeadlineSigner(SignerDecorator):
    """Raises IssuerUnhealthy for a check that takes too long, SigningError for a signing, which is tried again."""

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        async with _within(CHECK, "check", IssuerUnhealthy):
            return await self._inner.check(issuer, credentials)

    async def sign(self, order: SignRequest) -> Issued | Pending:
        async with _within(SIGN, "signing", SigningError):
            return await self._inner.sign(order)


@contextlib.asynccontextmanager
async def _within(limit: timedelta, what: str, failure: type[SigningError]) -> AsyncIterator[None]:
    deadline = asyncio.timeout(limit.total_seconds())
    try:
        async with deadline:
            yield
    except TimeoutError:
        if not deadline.expired():  # somebody else's
            raise
        raise failure(
            f"the {what} was ended after {durations.text(limit)}; see whether its CA is slow or asked for too much"
        ) from None
