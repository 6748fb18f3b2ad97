"""Decides about an issuer of a namespace or of the cluster: two pure functions, `decide` and `settle`.

An issuer's key is enqueued when its spec, its Secret or an annotation changed, and when the next check is due; each
time it is checked. deploy/README.md explains the reasons, under "Issuers".
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.conditions import explain, message, ready_condition, set_condition
from domain.effects import NOTHING, Check, Effects, Event, IssuerStatus, PatchStatus
from domain.errors import AdmissionRefused, IssuerFailed, IssuerUnhealthy
from domain.model import CheckResult, Condition, Issuer
from domain.reasons import STALLED, IssuerReason, Reason
from domain.retry import Attempt, RetryPolicy
from domain.trust_bundles import is_announced


def decide(
    issuer: Issuer, attempt: Attempt, report: IssuerUnhealthy | None, now: datetime, policy: RetryPolicy
) -> Effects | Check:
    """What to do next; `report` is the last IssuerUnhealthy of a signing since the last check."""
    if issuer.deleting:
        return NOTHING
    if issuer.ready is None:
        effects = _report(issuer, IssuerReason.FIRST_SEEN.value, "", issuer.bundle, now)
        return replace(effects, attempt=attempt, requeue_after=timedelta(0))
    if report is None or not issuer.is_ready:  # something may have changed besides: better one check too many
        return Check()
    return settle(issuer, replace(attempt, circuit_open=True), report, issuer.bundle, now, policy)


def settle(
    issuer: Issuer,
    attempt: Attempt,
    outcome: CheckResult | Exception,
    bundle: Condition | None,
    now: datetime,
    policy: RetryPolicy,
) -> Effects:
    """What follows from a check, or from a signer's report; `bundle` is what trust_bundles.py makes of it."""
    if isinstance(outcome, CheckResult):
        return replace(
            _report_checked(issuer, outcome, bundle, now),
            attempt=attempt if attempt.circuit_open else replace(attempt, failures=0),
            requeue_after=timedelta(0) if is_announced(bundle) else policy.next_check(f"{attempt.uid}/{now}"),
        )
    if isinstance(outcome, IssuerFailed):
        effects = _report(issuer, IssuerReason.BROKEN.value, explain(outcome), bundle, now)
        return replace(effects, attempt=replace(attempt, failures=0, circuit_open=False))
    attempt = replace(attempt, failures=attempt.failures + 1)
    effects = _report(issuer, IssuerReason.CHECK_FAILED.value, explain(outcome), bundle, now)
    event = _event(issuer, IssuerReason.CHECK_FAILED.value, explain(outcome))
    return replace(effects, event=event, attempt=attempt, requeue_after=policy.backoff(attempt.failures, attempt.uid))


def refused(issuer: Issuer, refusal: AdmissionRefused) -> Event:
    """The Event for a status that admission refuses: a status could not say it."""
    return _event(issuer, IssuerReason.REFUSED.value, explain(refusal))


def _report_checked(issuer: Issuer, result: CheckResult, bundle: Condition | None, now: datetime) -> Effects:
    if not result.warnings:
        return _report(issuer, IssuerReason.CHECKED.value, "", bundle, now)
    return _report(issuer, IssuerReason.CHECKED_WITH_WARNINGS.value, "; ".join(result.warnings), bundle, now)


def _report(issuer: Issuer, reason: Reason, why: str, bundle: Condition | None, now: datetime) -> Effects:
    """The status that says this, and the Event of a new Ready condition; nothing where the status says so already."""
    ready = ready_condition(reason, message(reason, why=why), now, issuer.ready, issuer.generation)
    status = IssuerStatus(ready, issuer.spec.signer, _stalled(issuer, ready, now), bundle)
    before = issuer.ready, issuer.shown_signer, issuer.stalled, issuer.bundle
    if (status.ready, status.signer, status.stalled, status.bundle) == before:
        return NOTHING
    patch = PatchStatus(issuer.key, issuer.resource_version, status)
    return Effects(patch=patch, event=None if ready is issuer.ready else _event(issuer, reason, why))


def _stalled(issuer: Issuer, ready: Condition, now: datetime) -> Condition | None:
    """Beside Failed alone: for kstatus, a condition that is absent does not hold."""
    if ready.reason != IssuerReason.BROKEN.value.reason:
        return None
    return set_condition(issuer.stalled, replace(ready, type=STALLED, status="True", since=now))


def _event(issuer: Issuer, reason: Reason, why: str) -> Event:
    return Event(issuer.key, issuer.uid, reason.event_type, reason.reason, "Check", message(reason, why=why))
