"""Decides about the ClusterTrustBundle of a cluster issuer, each time the issuer is checked: `decide` and `settle`.

- Whether the issuer is Ready does not depend on its bundle. What fails is tried again at the next check.
- An issuer has the condition TrustBundle before it has a bundle, and until the bundle is gone. So no bundle is
  forgotten, whenever the manager stops or the spec changes.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from domain.bundle_reasons import BundleReason
from domain.conditions import explain, message, set_condition
from domain.effects import Event
from domain.errors import ClusterError, Forbidden, NameTaken, NotServed
from domain.model import CheckResult, Condition, Issuer
from domain.reasons import TRUST_BUNDLE, Reason


class Step(Enum):
    NOTHING = "the bundle, if there is one, stays as it is"
    ANNOUNCE = "write the condition, then check again"
    PUBLISH = "publish the roots of the check"
    REMOVE = "remove the bundle"


Outcome = str | ClusterError | None
"""The name of the bundle that is published, why that failed, or None where there was nothing to publish or to keep."""


def decide(issuer: Issuer, check: CheckResult | Exception) -> Step:
    """What to do after this check. A bundle that is no longer wanted goes, whether the check has passed or not."""
    if issuer.spec.problem:
        return Step.NOTHING  # nobody knows what such a spec wants
    if not issuer.spec.trust_bundle:
        return Step.REMOVE if issuer.bundle else Step.NOTHING
    if not isinstance(check, CheckResult):
        return Step.NOTHING
    return Step.PUBLISH if issuer.bundle else Step.ANNOUNCE


def settle(issuer: Issuer, step: Step, outcome: Outcome, now: datetime) -> Condition | None:
    """The condition TrustBundle after the step; None where there is none."""
    if step is Step.NOTHING:
        return issuer.bundle
    if step is Step.REMOVE and (outcome is None or isinstance(outcome, NotServed | NameTaken)):
        return None
    row, why = _row(step, outcome), explain(outcome) if isinstance(outcome, ClusterError) else outcome or ""
    told = Condition(TRUST_BUNDLE, row.ready or "", row.reason, message(row, why=why), now, issuer.generation)
    return set_condition(issuer.bundle, told)


def is_announced(condition: Condition | None) -> bool:
    """Whether the bundle is to be published as soon as this condition is written."""
    return condition is not None and condition.reason == BundleReason.PUBLISHING.value.reason


def event(issuer: Issuer, condition: Condition | None) -> Event | None:
    """The Event of a condition that says something new."""
    before = issuer.bundle
    if condition is None or (before and (before.reason, before.message) == (condition.reason, condition.message)):
        return None
    kind = next(each.value.event_type for each in BundleReason if each.value.reason == condition.reason)
    return Event(issuer.key, issuer.uid, kind, condition.reason, "Publish", condition.message)


def _row(step: Step, outcome: Outcome) -> Reason:
    match step:
        case Step.ANNOUNCE:
            return BundleReason.PUBLISHING.value
        case Step.REMOVE:
            return BundleReason.NOT_REMOVED.value
    match outcome:
        case str():
            return BundleReason.PUBLISHED.value
        case None:
            return BundleReason.NO_ROOT.value
        case NotServed():
            return BundleReason.NOT_SERVED.value
        case Forbidden():
            return BundleReason.FORBIDDEN.value
        case NameTaken():
            return BundleReason.NAME_TAKEN.value
    return BundleReason.NOT_PUBLISHED.value
