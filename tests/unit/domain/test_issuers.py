"""The table "Issuers", row by row.

Each test's id quotes its row; what is written, told and planned is compared whole.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import issuers
from domain.effects import NOTHING, Check, Effects, IssuerStatus
from domain.errors import IssuerFailed, IssuerUnhealthy, SigningError, Transient
from domain.model import CheckResult, Condition, Issuer, ObjectKey
from tests.support.factories import (
    ISSUER_KINDS,
    MINUTE,
    POLICY,
    SECOND,
    T0,
    a_new_issuer,
    an_attempt,
    an_issuer,
    issuer_key,
    ready,
    told,
    words,
)

NOW = T0 + MINUTE
ATTEMPT = an_attempt(uid="uid-issuer")
PASSED = CheckResult()
RETRYING = "Temporary error. Retrying: "
BROKEN = "Not retried until the spec or the Secret changes: "


@pytest.fixture(params=ISSUER_KINDS)
def key(request: pytest.FixtureRequest) -> ObjectKey:
    return issuer_key(kind=request.param)


def status(effects: Effects | Check) -> IssuerStatus:
    """The status that is written."""
    assert isinstance(effects, Effects)
    assert effects.patch is not None
    assert isinstance(effects.patch.status, IssuerStatus)
    return effects.patch.status


def written(effects: Effects | Check) -> Condition:
    """The Ready condition that is written."""
    return status(effects).ready


def after(effects: Effects, issuer: Issuer) -> Issuer:
    """The issuer with the status that is written."""
    new = status(effects)
    return replace(issuer, ready=new.ready, stalled=new.stalled, shown_signer=new.signer)


def decide(issuer: Issuer, report: IssuerUnhealthy | None = None, **attempt: object) -> Effects | Check:
    return issuers.decide(issuer, replace(ATTEMPT, **attempt), report, NOW, POLICY)  # type: ignore[arg-type]


def settle(issuer: Issuer, outcome: CheckResult | Exception, **attempt: object) -> Effects:
    return issuers.settle(issuer, replace(ATTEMPT, **attempt), outcome, issuer.bundle, NOW, POLICY)  # type: ignore[arg-type]


def test_new__unknown_initializing__check_at_once(key: ObjectKey) -> None:
    issuer = a_new_issuer(key, generation=3)
    effects = decide(issuer)
    assert written(effects) == Condition("Ready", "Unknown", "Initializing", "First seen", NOW, 3)
    assert isinstance(effects, Effects)
    assert effects.requeue_after == timedelta(0)
    assert told(effects.event) == ("Normal", "Initializing", "First seen")
    assert effects.attempt == ATTEMPT
    assert isinstance(decide(replace(issuer, ready=written(effects))), Check)


def test_a_patch_is_fenced_by_the_version_it_was_decided_on(key: ObjectKey) -> None:
    effects = decide(a_new_issuer(key, resource_version="41"))
    assert isinstance(effects, Effects)
    assert effects.patch is not None
    assert (effects.patch.key, effects.patch.resource_version) == (key, "41")
    assert effects.event is not None
    assert (effects.event.regarding, effects.event.uid, effects.event.action) == (key, "uid-issuer", "Check")


@pytest.mark.parametrize(
    "issuer",
    [
        an_issuer(),
        an_issuer(ready=ready("False", "Pending")),
        an_issuer(ready=ready("False", "Failed")),
        an_issuer(ready=ready("Unknown", "Initializing")),
        an_issuer(generation=2),
        an_issuer(ready=ready("False", "Failed"), generation=2),
    ],
    ids=["Checked", "Pending", "Failed after a restart", "Initializing", "changed spec", "Failed, changed spec"],
)
def test_every_wake_without_a_report_is_a_check(issuer: Issuer) -> None:
    assert isinstance(decide(issuer), Check)


def test_a_deleted_issuer_is_left_alone(key: ObjectKey) -> None:
    assert decide(an_issuer(key, deleting=True)) is NOTHING
    assert decide(a_new_issuer(key, deleting=True)) is NOTHING
    assert decide(an_issuer(key, deleting=True), IssuerUnhealthy("down")) is NOTHING


@pytest.mark.parametrize("before", [("Unknown", "Initializing"), ("False", "Pending"), ("False", "Failed")])
def test_check_passed__true_checked__next_check_after_the_interval(key: ObjectKey, before: tuple[str, str]) -> None:
    effects = settle(an_issuer(key, ready=ready(*before)), PASSED, failures=4)
    assert written(effects) == Condition("Ready", "True", "Checked", "Success", NOW, 1)
    assert told(effects.event) == ("Normal", "Checked", "Success")
    assert effects.requeue_after is not None
    assert 0.9 * POLICY.check_interval <= effects.requeue_after <= 1.1 * POLICY.check_interval
    assert effects.attempt is not None
    assert effects.attempt.failures == 0


def test_check_passed_again__nothing_is_written_or_told_and_the_next_is_planned(key: ObjectKey) -> None:
    effects = settle(an_issuer(key), PASSED)
    assert (effects.patch, effects.event) == (None, None)
    assert effects.requeue_after is not None
    assert effects.requeue_after > timedelta(0)


def test_check_passed_with_warnings__ready_says_them_and_an_event_too(key: ObjectKey) -> None:
    effects = settle(an_issuer(key), CheckResult(warnings=("tls.crt is odd", "ca.crt is odder")))
    message = "Success, with warnings: tls.crt is odd; ca.crt is odder"
    assert written(effects) == replace(ready(), message=message)
    assert told(effects.event) == ("Warning", "Checked", message)


def test_check_passed_with_the_same_warnings_again__nothing_is_written_or_told(key: ObjectKey) -> None:
    warned = CheckResult(warnings=("tls.crt is odd",))
    again = settle(an_issuer(key, ready=written(settle(an_issuer(key), warned))), warned)
    assert (again.patch, again.event) == (None, None)


def test_check_passed_without_the_warnings_of_before__success(key: ObjectKey) -> None:
    before = written(settle(an_issuer(key), CheckResult(warnings=("tls.crt is odd",))))
    effects = settle(an_issuer(key, ready=before), PASSED)
    assert (written(effects).message, told(effects.event)) == ("Success", ("Normal", "Checked", "Success"))


def test_warnings_without_end_fit_into_an_event(key: ObjectKey) -> None:
    effects = settle(an_issuer(key), CheckResult(warnings=("tls.crt is odd",) * 1000))
    assert len(written(effects).message.encode()) <= 1000


def test_the_interval_is_jittered_from_check_to_check_and_from_issuer_to_issuer() -> None:
    by_issuer = {settle(an_issuer(), PASSED, uid=f"uid-{number}").requeue_after for number in range(20)}
    times = [NOW + number * MINUTE for number in range(20)]
    by_check = {issuers.settle(an_issuer(), ATTEMPT, PASSED, None, time, POLICY).requeue_after for time in times}
    assert (len(by_issuer), len(by_check)) == (20, 20)


def test_check_passed_for_a_changed_spec__only_observed_generation_moves(key: ObjectKey) -> None:
    effects = settle(an_issuer(key, generation=2), PASSED)
    assert written(effects) == replace(ready(), observed_generation=2)
    assert written(effects).since == T0


@pytest.mark.parametrize(
    ("failure", "why"),
    [
        (IssuerUnhealthy("the CA is down"), "the CA is down"),
        (SigningError("the CA stutters"), "the CA stutters"),
        (Transient("the API server is away"), "the API server is away"),
        (KeyError("s3cr3t"), "unexpected KeyError in the signer (the manager's log says where)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_check_failed_may_pass_later__false_pending__backoff(key: ObjectKey, failure: Exception, why: str) -> None:
    effects = settle(an_issuer(key), failure)
    assert written(effects) == Condition("Ready", "False", "Pending", RETRYING + why, NOW, 1)
    assert told(effects.event) == ("Warning", "Pending", RETRYING + why)
    assert effects.attempt is not None
    assert effects.attempt.failures == 1
    assert effects.requeue_after == POLICY.backoff(1, "uid-issuer")


def test_check_failed_again__transition_time_stays_and_the_event_is_told_again(key: ObjectKey) -> None:
    first = settle(an_issuer(key), IssuerUnhealthy("down"))
    waiting = an_issuer(key, ready=written(first))
    again = issuers.settle(waiting, ATTEMPT, IssuerUnhealthy("down"), None, NOW + MINUTE, POLICY)
    assert (again.patch, again.event) == (None, first.event)
    other = issuers.settle(waiting, ATTEMPT, IssuerUnhealthy("still down"), None, NOW + MINUTE, POLICY)
    assert written(other).since == NOW
    assert written(other).message == RETRYING + "still down"


def test_the_backoff_grows_from_1s_to_5m() -> None:
    waits = [settle(an_issuer(), IssuerUnhealthy("down"), failures=number).requeue_after for number in range(12)]
    assert all(wait is not None for wait in waits)
    assert 0.9 * SECOND <= (waits[0] or timedelta(0)) <= SECOND
    assert 4.5 * MINUTE <= (waits[-1] or timedelta(0)) <= 5 * MINUTE


def test_check_failed_for_good__false_failed__nothing_is_planned(key: ObjectKey) -> None:
    effects = settle(an_issuer(key), IssuerFailed("no such signer"), failures=3, circuit_open=True)
    assert written(effects) == Condition("Ready", "False", "Failed", BROKEN + "no such signer", NOW, 1)
    assert told(effects.event) == ("Warning", "Failed", BROKEN + "no such signer")
    assert effects.requeue_after is None
    assert effects.attempt is not None
    assert (effects.attempt.failures, effects.attempt.circuit_open) == (0, False)


def test_failed_is_stalled_in_the_same_words_from_when_it_failed(key: ObjectKey) -> None:
    waiting = an_issuer(key, ready=ready("False", "Pending"))
    first = settle(waiting, IssuerFailed("no such signer"))
    assert written(first).since == T0
    assert status(first).stalled == Condition("Stalled", "True", "Failed", written(first).message, NOW, 1)
    failed = after(first, waiting)
    again = issuers.settle(failed, ATTEMPT, IssuerFailed("no such signer"), None, NOW + MINUTE, POLICY)
    assert (again.patch, again.event) == (None, None)
    other = issuers.settle(failed, ATTEMPT, IssuerFailed("no such profile"), None, NOW + MINUTE, POLICY)
    assert status(other).stalled == Condition("Stalled", "True", "Failed", BROKEN + "no such profile", NOW, 1)


@pytest.mark.parametrize("outcome", [PASSED, IssuerUnhealthy("down")], ids=["passed", "may pass later"])
def test_what_is_not_failed_is_not_stalled(key: ObjectKey, outcome: CheckResult | Exception) -> None:
    failed = after(settle(an_issuer(key), IssuerFailed("no such signer")), an_issuer(key))
    assert status(settle(failed, outcome)).stalled is None
    assert status(issuers.decide(a_new_issuer(key), ATTEMPT, None, NOW, POLICY)).stalled is None


def test_a_status_says_which_signer_the_spec_chooses(key: ObjectKey) -> None:
    assert status(decide(a_new_issuer(key))).signer == "Scripted"
    changed = an_issuer(key, shown_signer="of another version")
    effects = settle(changed, PASSED)
    assert (status(effects), effects.event) == (IssuerStatus(ready(), "Scripted"), None)
    assert settle(after(effects, changed), PASSED).patch is None


def test_a_signer_raised_issuer_unhealthy__false_pending_as_a_failed_check(key: ObjectKey) -> None:
    effects = decide(an_issuer(key), IssuerUnhealthy("503 from the CA"), failures=2)
    assert isinstance(effects, Effects)
    assert words(effects.patch.status if effects.patch else None) == (
        "False",
        "Pending",
        RETRYING + "503 from the CA",
    )
    assert told(effects.event) == ("Warning", "Pending", RETRYING + "503 from the CA")
    assert effects.requeue_after == POLICY.backoff(3, "uid-issuer")
    assert effects.attempt is not None
    assert (effects.attempt.failures, effects.attempt.circuit_open) == (3, True)


def test_a_signer_raised_issuer_failed__false_failed__nothing_is_planned(key: ObjectKey) -> None:
    effects = decide(an_issuer(key), IssuerFailed("the account is closed"))
    assert written(effects).reason == "Failed"
    assert isinstance(effects, Effects)
    assert effects.requeue_after is None


def test_a_passed_check_resets_the_backoff_only_where_no_signer_had_complained(key: ObjectKey) -> None:
    waiting = an_issuer(key, ready=ready("False", "Pending"))
    kept = settle(waiting, PASSED, failures=3, circuit_open=True).attempt
    reset = settle(waiting, PASSED, failures=3, circuit_open=False).attempt
    assert kept is not None
    assert (kept.failures, kept.circuit_open) == (3, True)
    assert reset is not None
    assert reset.failures == 0


def test_a_report_on_a_spec_that_is_gone_does_not_delay_the_check_of_the_new_one(key: ObjectKey) -> None:
    changed = an_issuer(key, generation=2)
    assert isinstance(decide(changed, IssuerUnhealthy("the old URL is dead"), due=NOW + 5 * MINUTE), Check)
