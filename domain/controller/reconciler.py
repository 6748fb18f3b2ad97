"""The road of every object: load, decide, sign or check, settle, apply.

Law: the only orchestration there is, and the only place where effects are carried out. It makes no decision of its
own; what it keeps between two visits is one Attempt per key and the signers' reports on their issuers. The caller
sees to it that no key is reconciled twice at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from domain import issuers, requests
from domain.controller import log as trace
from domain.controller.signing import Signing
from domain.controller.status_writer import Writes
from domain.effects import Check, Effects, Review, Sign
from domain.errors import (
    ClusterError,
    Conflict,
    Invalid,
    IssuerUnhealthy,
    NotFound,
    RequestRejected,
    WrongCertificate,
)
from domain.model import (
    Attempt,
    Issued,
    Issuer,
    IssuerNames,
    ObjectKey,
    Pending,
    Request,
    RequestSnapshot,
    Snapshot,
)
from domain.ports import AccessReview, Clock, Cluster, Meter, Recorder, Signer, Wake
from domain.retry import Moment, RetryPolicy

_KEPT = Issued | Pending | RequestRejected | WrongCertificate  # of a wrong certificate that there was one
_RELOADS = 5  # in one visit; whoever conflicts more often than that is met with backoff


@dataclass(frozen=True, slots=True)
class _Report:
    """What a signer said of an issuer, and the version of the Secret that it was given."""

    failure: IssuerUnhealthy
    secret: str | None


class Reconciler:
    def __init__(
        self,
        cluster: Cluster,
        recorder: Recorder,
        signers: Mapping[str, Signer],
        clock: Clock,
        policy: RetryPolicy,
        wake: Wake,
        meter: Meter,
        access_review: AccessReview,
        names: IssuerNames,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._clock = clock
        self._policy = policy
        self._wake = wake
        self._meter = meter
        self._access_review = access_review
        self._names = names
        self._attempts: dict[ObjectKey, Attempt] = {}
        self._reports: dict[ObjectKey, _Report] = {}
        self._signing = Signing(signers, cluster, clock, meter)
        self._writes = Writes(cluster, recorder, meter)

    def is_tripped(self, issuer: ObjectKey) -> bool:
        """Whether a signer has opened the issuer's breaker and nothing was signed since.

        Then its requests must be worked on one at a time: the first that is signed, when the check passes again,
        closes the breaker, and the rest comes after it.
        """
        attempt = self._attempts.get(issuer)
        return attempt is not None and attempt.tripped

    def holds(self, key: ObjectKey) -> bool:
        """Whether the request's signer has answered, and the answer is not written yet."""
        attempt = self._attempts.get(key)
        return attempt is not None and attempt.outcome is not None

    def in_hand(self) -> list[ObjectKey]:
        """All that it holds."""
        return [key for key in self._attempts if self.holds(key)]

    async def reconcile(self, key: ObjectKey) -> timedelta | None:
        """Does what there is to do about an object; returns when to come back, None: not before it is woken."""
        try:
            return await self._visit(key)
        except ClusterError as trouble:
            return self._postpone(key, trouble)

    def _forget(self, key: ObjectKey) -> None:
        self._attempts.pop(key, None)
        self._reports.pop(key, None)
        self._writes.forget(key)
        self._meter.forgotten(key)

    async def _visit(self, key: ObjectKey) -> timedelta | None:
        snapshot, reloads, begun = await self._cluster.load(key), 0, self._clock.uptime()
        while snapshot is not None:
            report = self._reports.get(key)
            try:
                effects = await self._effects(key, snapshot)
                await self._carry_out(key, snapshot, effects, begun)
                if self._reports.get(key) is report:  # one that came during a check is for the next visit
                    self._reports.pop(key, None)
                if effects.requeue_after != timedelta(0):
                    return effects.requeue_after
                snapshot = await self._cluster.load(key)  # at once, and not behind all that is in the queue
            except Conflict:
                reloads += 1
                if reloads > _RELOADS:
                    raise
                snapshot = await self._cluster.reload(key)
            except NotFound:
                break
            except Invalid as refusal:
                self._refused(key, refusal)
        self._forget(key)
        return None

    async def _effects(self, key: ObjectKey, snapshot: Snapshot) -> Effects:
        if isinstance(snapshot, Issuer):
            return await self._look_at_issuer(snapshot, self._attempt(key, snapshot.uid))
        if (event := self._writes.found(snapshot.request)) is not None:
            return Effects(event=event)
        return await self._look_at_request(snapshot, self._attempt(key, snapshot.request.uid))

    async def _look_at_issuer(self, issuer: Issuer, attempt: Attempt) -> Effects:
        report = self._reports.get(issuer.key)
        failure = report.failure if report else None
        decision = issuers.decide(issuer, attempt, failure, self._clock.now(), self._policy)
        if isinstance(decision, Check):
            self._reports.pop(issuer.key, None)  # answered by this check
            outcome = await self._signing.check(issuer)
            attempt = self._attempt(issuer.key, issuer.uid)  # a signature may have closed the breaker meanwhile
            return issuers.settle(issuer, attempt, outcome, self._clock.now(), self._policy)
        if report and report.secret != await self._signing.secret_version(
            issuer.spec
        ):  # which may mend it: its wake was ours
            return replace(decision, requeue_after=timedelta(0))
        return decision

    async def _look_at_request(self, snapshot: RequestSnapshot, attempt: Attempt) -> Effects:
        decision = await self._decide(snapshot, attempt)
        if isinstance(decision, Effects):
            return decision
        request, issuer, attempt = snapshot.request, decision.issuer, decision.attempt
        outcome: Issued | Pending | Exception
        if (report := self._reports.get(issuer.key)) is not None:
            outcome = report.failure
        else:
            outcome = await self._sign(request, issuer)
            attempt = self._attempts[request.key] = replace(attempt, outcome=outcome)
        return requests.settle(snapshot, attempt, outcome, self._moment(), self._policy)

    async def _decide(self, snapshot: RequestSnapshot, attempt: Attempt) -> Effects | Sign:
        decision = requests.decide(snapshot, attempt, self._moment(), self._policy, self._names)
        if not isinstance(decision, Review):
            return decision
        try:
            allowed = await self._access_review.may_reference(snapshot.request.requester, decision.issuer)
        except ClusterError as trouble:
            return requests.unreviewed(snapshot.request, decision.attempt, trouble, self._policy)
        return requests.reviewed(snapshot, decision.attempt, allowed, self._moment(), self._names)

    async def _sign(self, request: Request, issuer: Issuer) -> Issued | Pending | Exception:
        outcome, version = await self._signing.sign(request, issuer)
        if isinstance(outcome, IssuerUnhealthy):
            await self._report(request, issuer, _Report(outcome, version))
        if isinstance(outcome, Issued):
            self._close_breaker(issuer)
        return outcome

    async def _report(self, request: Request, issuer: Issuer, report: _Report) -> None:
        """Has the breaker opened, once for all who fail together; who asked an issuer that has changed asks anew."""
        version, current = await self._signing.secret_version(issuer.spec), await self._cluster.load(issuer.key)
        if issuer.key in self._reports or not isinstance(current, Issuer) or not current.is_ready:
            return
        if (current.uid, current.generation, version) == (issuer.uid, issuer.generation, report.secret):
            self._reports[issuer.key] = report
            self._wake(issuer.key, timedelta(0))
        else:
            self._wake(request.key, timedelta(0))

    async def _carry_out(self, key: ObjectKey, snapshot: Snapshot, effects: Effects, begun: timedelta) -> None:
        before = self._attempts.get(key)
        issuer = snapshot.request.issuer if isinstance(snapshot, RequestSnapshot) else None
        if effects.patch is not None:
            await self._writes.write(snapshot, effects.patch, effects.event)
        if effects.event is not None:
            number = before.failures + 1 if before else 1
            trace.told(effects.event, issuer, number, self._clock.uptime() - begun)
            self._recorder.record(effects.event)
        if effects.attempt and before and effects.attempt.failures > before.failures:
            self._meter.retried(key.kind)
        if effects.attempt is None:
            self._attempts.pop(key, None)
        elif self._attempts.get(key) is before:  # else a signature has closed the issuer's breaker during the write
            self._attempts[key] = effects.attempt

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.uptime())

    def _attempt(self, key: ObjectKey, uid: str) -> Attempt:
        known = self._attempts.get(key)
        if known is None or known.uid != uid:
            known = self._attempts[key] = Attempt(uid)
        return known

    def _close_breaker(self, issuer: Issuer) -> None:
        attempt = self._attempts.get(issuer.key)
        if attempt is not None and attempt.uid == issuer.uid and attempt.tripped:
            self._attempts[issuer.key] = replace(attempt, tripped=False, failures=0)

    def _refused(self, key: ObjectKey, refusal: Invalid) -> None:
        """A certificate that the API server will never take fails its request; any other write is tried again."""
        attempt = self._attempts.get(key)
        if attempt is None or not isinstance(attempt.outcome, Issued):
            raise refusal
        rejection = RequestRejected(f"the API server refused the signed certificate: {refusal}")
        self._attempts[key] = replace(attempt, outcome=rejection)

    def _postpone(self, key: ObjectKey, trouble: ClusterError) -> timedelta:
        """Keeps the CA's answer, so that its write is repeated and not the signing; a failure is asked anew."""
        self._meter.retried(key.kind)
        attempt = self._attempts.get(key)
        if attempt is None:
            wait = self._policy.first
        else:
            kept = attempt.outcome if isinstance(attempt.outcome, _KEPT) else None
            attempt = self._attempts[key] = replace(attempt, failures=attempt.failures + 1, outcome=kept)
            wait = self._policy.backoff(attempt.failures, attempt.uid)
        wait = max(wait, trouble.retry_after or wait)
        trace.postponed(key, attempt.failures if attempt else 1, wait, trouble)
        return wait
