"""A Signer around any Signer, that asks nothing of a CA unless this process leads at that very moment.

A process that was paused for longer than its Lease must not ask a CA when it wakes up, and no timer is quick enough to
stop it. Such work is cancelled, which is neither a failure nor an answer; the process ends soon after.
"""

import asyncio
from collections.abc import Callable

from adapters.signers.around import SignerDecorator
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer


class LeaderOnlySigner(SignerDecorator):
    """Raises CancelledError, which ends the work on this object, where `is_leader` says no."""

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
