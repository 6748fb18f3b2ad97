"""The road of every object: load, decide, sign or check, settle, apply.

Law: the only orchestration there is, and the only place where effects are carried out. It makes no decision of its
own; what it keeps between two visits is one Attempt per key and the signers' reports on their issuers. The caller
sees to it that no key is reconciled twice at once.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from domain import issuers, requests
from domain.breaker import Trials
from domain.conditions import NORMAL, WARNING
from domain.effects import Check, Effects
from domain.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    IssuerFailed,
    IssuerUnhealthy,
    NotFound,
    RequestRejected,
    SigningError,
)
from domain.model import (
    Attempt,
    Credentials,
    Issued,
    Issuer,
    IssuerSpec,
    ObjectKey,
    Pending,
    Request,
    RequestSnapshot,
    Snapshot,
)
from domain.ports import Clock, Cluster, Recorder, Signer, Wake
from domain.retry import RetryPolicy

_log = logging.getLogger("issuer")


class Reconciler:
    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        signers: Mapping[str, Signer],
        clock: Clock,
        policy: RetryPolicy,
        wake: Wake,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._signers = signers
        self._clock = clock
        self._policy = policy
        self._wake = wake
        self._attempts: dict[ObjectKey, Attempt] = {}
        self._reports: dict[ObjectKey, IssuerUnhealthy] = {}
        self._trials = Trials()

    async def reconcile(self, key: ObjectKey) -> timedelta | None:
        """Does what there is to do about an object; returns when to come back, None: not before it is woken."""
        try:
            return await self._visit(key)
        except ClusterError as trouble:
            return self._postpone(key, trouble)

    async def _visit(self, key: ObjectKey) -> timedelta | None:
        snapshot = await self._cluster.load(key)
        while snapshot is not None:
            report = self._reports.get(key)
            try:
                effects = await self._effects(key, snapshot)
                if effects is None:
                    return None
                await self._carry_out(key, effects)
                if report is not None:  # one that came during a check is for the next visit
                    del self._reports[key]
                return effects.requeue_after
            except Conflict:
                snapshot = await self._cluster.reload(key)
            except NotFound:
                break
            except Invalid as refusal:
                self._refused(key, refusal)
        self._attempts.pop(key, None)
        self._reports.pop(key, None)
        return None

    async def _effects(self, key: ObjectKey, snapshot: Snapshot) -> Effects | None:
        """The effects to carry out; None where a request must wait for its turn."""
        if isinstance(snapshot, Issuer):
            return await self._look_at_issuer(snapshot, self._attempt(key, snapshot.uid))
        return await self._look_at_request(snapshot, self._attempt(key, snapshot.request.uid))

    async def _look_at_issuer(self, issuer: Issuer, attempt: Attempt) -> Effects:
        report = self._reports.get(issuer.key)
        decision = issuers.decide(issuer, attempt, report, self._clock.now(), self._policy)
        if isinstance(decision, Check):
            failure = await self._check(issuer)
            decision = issuers.settle(issuer, attempt, failure, self._clock.now(), self._policy)
        return decision

    async def _look_at_request(self, snapshot: RequestSnapshot, attempt: Attempt) -> Effects | None:
        decision = requests.decide(snapshot, attempt, self._clock.now(), self._policy)
        if isinstance(decision, Effects):
            return decision
        request, issuer = snapshot.request, decision.issuer
        outcome: Issued | Pending | Exception | None = self._reports.get(issuer.key)
        if outcome is None:
            if self._is_half_open(issuer) and not self._trials.enter(issuer.key, request.key):
                return None
            try:
                outcome = await self._sign(request, issuer, attempt)
            finally:
                for other in self._trials.leave(issuer.key, request.key):
                    self._wake(other, timedelta(0))
            attempt = self._attempts[request.key] = replace(attempt, outcome=outcome)
        return requests.settle(snapshot, attempt, outcome, self._clock.now(), self._policy)

    async def _check(self, issuer: Issuer) -> Exception | None:
        try:
            await self._signer(issuer.spec).check(issuer.spec, await self._credentials(issuer.spec))
        except Exception as failure:  # whatever a signer raises means something; see domain/errors.py
            _log_if_unexpected(issuer.key, failure)
            return failure
        return None

    async def _sign(self, request: Request, issuer: Issuer, attempt: Attempt) -> Issued | Pending | Exception:
        try:
            signer, credentials = self._signer(issuer.spec), await self._credentials(issuer.spec)
            outcome = await signer.sign(requests.order(request, issuer, attempt, credentials))
        except Exception as failure:  # as above
            _log_if_unexpected(request.key, failure)
            if isinstance(failure, IssuerUnhealthy):
                self._reports.setdefault(issuer.key, failure)
                self._wake(issuer.key, timedelta(0))
            return failure
        if isinstance(outcome, Issued):
            self._close_breaker(issuer)
        return outcome

    def _signer(self, spec: IssuerSpec) -> Signer:
        if spec.signer not in self._signers:
            known = ", ".join(sorted(self._signers))
            raise IssuerFailed(f"spec.signer: {spec.signer!r} is not a signer of this controller, which has: {known}")
        return self._signers[spec.signer]

    async def _credentials(self, spec: IssuerSpec) -> Credentials:
        try:
            return await self._cluster.credentials(spec.secret)
        except (NotFound, Forbidden, Invalid) as refusal:
            name = f"{spec.secret.namespace}/{spec.secret.name}"
            raise IssuerUnhealthy(
                f"failed to get Secret containing Issuer credentials, secret name: {name}, reason: {refusal}"
            ) from refusal

    async def _carry_out(self, key: ObjectKey, effects: Effects) -> None:
        if effects.patch is not None:
            await self._cluster.apply(effects.patch)
        if effects.event is not None:
            _log.log(_LEVELS[effects.event.type], "%s: %s: %s", key, effects.event.reason, effects.event.note)
            self._recorder.record(effects.event)
        if effects.attempt is None:
            self._attempts.pop(key, None)
        else:
            self._attempts[key] = effects.attempt

    def _attempt(self, key: ObjectKey, uid: str) -> Attempt:
        known = self._attempts.get(key)
        if known is None or known.uid != uid:
            known = self._attempts[key] = Attempt(uid, self._clock.now())
        return known

    def _is_half_open(self, issuer: Issuer) -> bool:
        return self._attempt(issuer.key, issuer.uid).tripped

    def _close_breaker(self, issuer: Issuer) -> None:
        attempt = self._attempt(issuer.key, issuer.uid)
        if attempt.tripped:
            self._attempts[issuer.key] = replace(attempt, tripped=False, failures=0)

    def _refused(self, key: ObjectKey, refusal: Invalid) -> None:
        """A certificate that the API server will never take fails its request; any other write is tried again."""
        attempt = self._attempts.get(key)
        if attempt is None or not isinstance(attempt.outcome, Issued):
            raise refusal
        rejection = RequestRejected(f"the API server refused the signed certificate: {refusal}")
        self._attempts[key] = replace(attempt, outcome=rejection)

    def _postpone(self, key: ObjectKey, trouble: ClusterError) -> timedelta:
        """Keeps a final answer, so that its write is repeated and not the signing; anything else is asked anew."""
        attempt = self._attempts.get(key)
        if attempt is None:
            wait = self._policy.first
        else:
            kept = attempt.outcome if isinstance(attempt.outcome, Issued | RequestRejected) else None
            attempt = self._attempts[key] = replace(attempt, failures=attempt.failures + 1, outcome=kept)
            wait = self._policy.backoff(attempt.failures, attempt.uid)
        wait = max(wait, trouble.retry_after or wait)
        _log.warning("%s: trying again in %.1f s: %s", key, wait.total_seconds(), trouble)
        return wait


_LEVELS = {NORMAL: logging.INFO, WARNING: logging.WARNING}


def _log_if_unexpected(key: ObjectKey, failure: Exception) -> None:
    """Where it was raised, without its message and the values around: those may hold a credential."""
    if isinstance(failure, SigningError | ClusterError):
        return
    frames = "".join(traceback.format_tb(failure.__traceback__))
    _log.error("%s: unexpected %s in the signer, at\n%s", key, type(failure).__name__, frames)
