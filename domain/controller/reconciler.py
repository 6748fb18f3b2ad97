"""Reconciles one key: load, decide, sign or check, settle, apply.

- It carries out the effects that domain/requests.py and domain/issuers.py decide on, and decides nothing itself.
- Between two calls it keeps one Attempt for each key, and what signers reported about issuers.
- The caller must not reconcile the same key twice at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from domain import answers, issuers, requests
from domain.controller import log
from domain.controller.publishing import Publishing
from domain.controller.signing import Signing
from domain.controller.status_writer import StatusWriter
from domain.effects import Check, Effects, Result, Review, Sign
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
    Issued,
    Issuer,
    ObjectKey,
    Pending,
    Request,
    RequestSnapshot,
    Snapshot,
)
from domain.names import IssuerNames
from domain.ports import AccessReview, Clock, Cluster, Enqueue, Metrics, Recorder, Signer, TrustBundles
from domain.retry import Attempt, Moment, RetryPolicy

_KEPT = Issued | Pending | RequestRejected | WrongCertificate  # a WrongCertificate is kept to count it
_RELOADS = 5  # after so many conflicts in a row the key is requeued with backoff


@dataclass(frozen=True, slots=True)
class _UnhealthyReport:
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
        enqueue: Enqueue,
        metrics: Metrics,
        access_review: AccessReview,
        trust_bundles: TrustBundles,
        names: IssuerNames,
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._clock = clock
        self._policy = policy
        self._enqueue = enqueue
        self._metrics = metrics
        self._access_review = access_review
        self._names = names
        self._attempts: dict[ObjectKey, Attempt] = {}
        self._reports: dict[ObjectKey, _UnhealthyReport] = {}
        self._signing = Signing(signers, cluster, clock, metrics)
        self._publishing = Publishing(trust_bundles, recorder, clock)
        self._writes = StatusWriter(cluster, recorder, metrics)

    def is_circuit_open(self, issuer: ObjectKey) -> bool:
        """Whether a signer reported the issuer as unhealthy, and no request was signed since.

        Then its requests are worked on one at a time: the first one that is signed, after the check has passed again,
        closes the circuit, and the others follow.
        """
        attempt = self._attempts.get(issuer)
        return attempt is not None and attempt.circuit_open

    def has_unwritten_result(self, key: ObjectKey) -> bool:
        """Whether the request's signer has answered, and the answer is not written yet."""
        attempt = self._attempts.get(key)
        return attempt is not None and attempt.outcome is not None

    def unwritten_results(self) -> list[ObjectKey]:
        """The keys of all such requests."""
        return [key for key in self._attempts if self.has_unwritten_result(key)]

    async def reconcile(self, key: ObjectKey) -> Result:
        try:
            return await self._reconcile_key(key)
        except ClusterError as trouble:
            return Result(self._requeue_after_error(key, trouble), failed=True)

    def _forget(self, key: ObjectKey) -> None:
        self._attempts.pop(key, None)
        self._reports.pop(key, None)
        self._writes.forget(key)
        self._metrics.forget_issuer(key)

    async def _reconcile_key(self, key: ObjectKey) -> Result:
        snapshot, reloads, begun = await self._cluster.load(key), 0, self._clock.uptime()
        while snapshot is not None:
            report = self._reports.get(key)
            try:
                effects = await self._effects(key, snapshot)
                failed = await self._apply_effects(key, snapshot, effects, begun)
                if self._reports.get(key) is report:  # one that came during a check is for the next reconcile
                    self._reports.pop(key, None)
                if effects.requeue_after != timedelta(0):
                    return Result(effects.requeue_after, failed)
                snapshot = await self._cluster.load(key)  # now, and not behind all other keys of the queue
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
        return Result()

    async def _effects(self, key: ObjectKey, snapshot: Snapshot) -> Effects:
        if isinstance(snapshot, Issuer):
            return await self._reconcile_issuer(snapshot, self._attempt(key, snapshot.uid))
        if (event := self._writes.found(snapshot.request)) is not None:
            return Effects(event=event)
        attempt = self._attempt(key, snapshot.request.uid)
        return await self._reconcile_request(requests.remembered(snapshot, attempt), attempt)

    async def _reconcile_issuer(self, issuer: Issuer, attempt: Attempt) -> Effects:
        report = self._reports.get(issuer.key)
        failure = report.failure if report else None
        decision = issuers.decide(issuer, attempt, failure, self._clock.now(), self._policy)
        if isinstance(decision, Check):
            self._reports.pop(issuer.key, None)  # answered by this check
            outcome = await self._signing.check(issuer)
            bundle = await self._publishing.follow(issuer, outcome)
            attempt = self._attempt(issuer.key, issuer.uid)  # a signature may have closed the circuit meanwhile
            return issuers.settle(issuer, attempt, outcome, bundle, self._clock.now(), self._policy)
        if report and report.secret != await self._signing.secret_version(issuer.spec):
            return replace(decision, requeue_after=timedelta(0))  # a changed Secret may work: it is checked now
        return decision

    async def _reconcile_request(self, snapshot: RequestSnapshot, attempt: Attempt) -> Effects:
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
            await self._report(request, issuer, _UnhealthyReport(outcome, version))
        if isinstance(outcome, Issued):
            self._close_circuit(issuer)
        return outcome

    async def _report(self, request: Request, issuer: Issuer, report: _UnhealthyReport) -> None:
        """Opens the circuit once; if the issuer or its Secret has changed meanwhile, retries the request instead."""
        version, current = await self._signing.secret_version(issuer.spec), await self._cluster.load(issuer.key)
        if issuer.key in self._reports or not isinstance(current, Issuer) or not current.is_ready:
            return
        if (current.uid, current.generation, version) == (issuer.uid, issuer.generation, report.secret):
            self._reports[issuer.key] = report
            self._enqueue(issuer.key, timedelta(0))
        else:
            self._enqueue(request.key, timedelta(0))

    async def _apply_effects(self, key: ObjectKey, snapshot: Snapshot, effects: Effects, begun: timedelta) -> bool:
        """Whether what was decided on is a failure."""
        before = self._attempts.get(key)
        issuer = snapshot.request.issuer if isinstance(snapshot, RequestSnapshot) else None
        if effects.patch is not None:
            await self._writes.write(snapshot, effects.patch, effects.event)
        if effects.event is not None:
            number = before.failures + 1 if before else 1
            log.decided(effects.event, issuer, number, self._clock.uptime() - begun)
            self._recorder.record(effects.event)
            if isinstance(snapshot, RequestSnapshot) and (told := answers.on_pod(snapshot.request, effects)):
                self._recorder.record(told)
        if effects.attempt is None:
            self._attempts.pop(key, None)
        elif self._attempts.get(key) is before:  # else a signature has closed the circuit during the write
            self._attempts[key] = effects.attempt
        return bool(effects.attempt and before and effects.attempt.failures > before.failures)

    def _moment(self) -> Moment:
        return Moment(self._clock.now(), self._clock.uptime())

    def _attempt(self, key: ObjectKey, uid: str) -> Attempt:
        known = self._attempts.get(key)
        if known is None or known.uid != uid:
            known = self._attempts[key] = Attempt(uid)
        return known

    def _close_circuit(self, issuer: Issuer) -> None:
        attempt = self._attempts.get(issuer.key)
        if attempt is not None and attempt.uid == issuer.uid and attempt.circuit_open:
            self._attempts[issuer.key] = replace(attempt, circuit_open=False, failures=0)

    def _refused(self, key: ObjectKey, refusal: Invalid) -> None:
        """The API server will never take this certificate; any other write is tried again."""
        attempt = self._attempts.get(key)
        if attempt is None or not isinstance(attempt.outcome, Issued):
            raise refusal
        self._attempts[key] = replace(attempt, outcome=requests.refused_certificate(key, refusal))

    def _requeue_after_error(self, key: ObjectKey, trouble: ClusterError) -> timedelta:
        """Keeps an answer of the CA, so that its write is repeated and not the signing. Failures are not kept."""
        attempt = self._attempts.get(key)
        if attempt is None:
            wait = self._policy.first
        else:
            kept = attempt.outcome if isinstance(attempt.outcome, _KEPT) else None
            attempt = self._attempts[key] = replace(attempt, failures=attempt.failures + 1, outcome=kept)
            wait = self._policy.backoff(attempt.failures, attempt.uid)
        wait = max(wait, trouble.retry_after or wait)
        log.requeued(key, attempt.failures if attempt else 1, wait, trouble)
        return wait
