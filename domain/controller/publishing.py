"""Publishes the roots of cluster issuers that ask for it, and removes what is no longer wanted.

domain/trust_bundles.py decides. No failure of it concerns the check: a condition of its own says what went wrong.
"""

from __future__ import annotations

from domain import trust_bundles
from domain.controller import log
from domain.errors import ClusterError
from domain.model import CheckResult, Condition, Issuer
from domain.ports import Clock, Recorder, TrustBundles
from domain.trust_bundles import Outcome, Step


class Publishing:
    def __init__(self, trust_bundles: TrustBundles, recorder: Recorder, clock: Clock) -> None:
        self._trust_bundles = trust_bundles
        self._recorder = recorder
        self._clock = clock

    async def follow(self, issuer: Issuer, check: CheckResult | Exception) -> Condition | None:
        """Does what is to be done after this check; returns the condition TrustBundle that the issuer then has."""
        begun, step = self._clock.uptime(), trust_bundles.decide(issuer, check)
        outcome = await self._take(step, issuer, check)
        condition = trust_bundles.settle(issuer, step, outcome, self._clock.now())
        if event := trust_bundles.event(issuer, condition):
            log.decided(event, None, 1, self._clock.uptime() - begun)
            self._recorder.record(event)
        return condition

    async def _take(self, step: Step, issuer: Issuer, check: CheckResult | Exception) -> Outcome:
        try:
            if step is Step.REMOVE:
                await self._trust_bundles.remove(issuer)
            elif step is Step.PUBLISH and isinstance(check, CheckResult) and check.roots:
                return await self._trust_bundles.publish(issuer, check.roots, self._clock.now())
        except ClusterError as trouble:
            return trouble
        return None
