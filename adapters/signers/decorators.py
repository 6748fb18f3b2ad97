"""Signers around any Signer. The container wraps every signer in them.

- LeaderOnlySigner asks a CA only while this process leads. A process that was paused for longer than its Lease must not
  ask when it wakes up, and no timer is quick enough to stop it: the work is cancelled, and the process ends soon after.
- DeadlineSigner bounds how long one check and one signing may take: each exchange with a CA has limits of its own, but
  a check or a signing can need many, and holds a slot of the controller all the time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

from domain import durations
from domain.errors import IssuerUnhealthy, SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer


class SignerDecorator(Signer):
    """Base of signers that do something before or after they call `_inner`; it forwards what that one declares."""

    def __init__(self, inner: Signer) -> None:
        self._inner = inner
        self.spec_type = inner.spec_type
        self.uses_url = inner.uses_url
        self.ca_decides_subject_and_usages = inner.ca_decides_subject_and_usages
        self.allow_annotations = inner.allow_annotations
        self.cannot_set_names = inner.cannot_set_names


class LeaderOnlySigner(SignerDecorator):
    """Raises CancelledError, which ends the work on this object, if this process does not lead."""

    def __init__(self, inner: Signer, is_leader: Callable[[], bool]) -> None:
        super().__init__(inner)
        self._leads = is_leader

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        self._require_lead()
        return await self._inner.check(issuer, credentials)

    async def sign(self, order: SignRequest) -> Issued | Pending:
        self._require_lead()
        return await self._inner.sign(order)

    def _require_lead(self) -> None:
        if not self._leads():
            raise asyncio.CancelledError("this process no longer leads")


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
