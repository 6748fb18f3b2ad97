"""What becomes of an issuer's bundle after a check, row by row."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain import issuers, trust_bundles
from domain.bundle_reasons import BundleReason
from domain.effects import Check, IssuerStatus
from domain.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    IssuerFailed,
    IssuerUnhealthy,
    NameTaken,
    NotServed,
    Transient,
)
from domain.model import CheckResult, Condition, Issuer
from domain.trust_bundles import Outcome, Step
from tests.support.factories import (
    MINUTE,
    POLICY,
    T0,
    a_new_issuer,
    a_spec,
    an_attempt,
    an_issuer,
    cluster_issuer_key,
    ready,
    told,
)

NOW = T0 + MINUTE
KEY = cluster_issuer_key()
ASKING, SILENT = a_spec(KEY, trust_bundle=True), a_spec(KEY)
PASSED, FAILED = CheckResult(roots=b"roots"), IssuerUnhealthy("down")
PUBLISHED = Condition("TrustBundle", "True", "Published", "The roots are in ClusterTrustBundle x", T0, 1)


@pytest.mark.parametrize(
    ("issuer", "check", "step"),
    [
        (an_issuer(KEY, spec=ASKING), PASSED, Step.ANNOUNCE),
        (an_issuer(KEY, spec=ASKING, bundle=PUBLISHED), PASSED, Step.PUBLISH),
        (an_issuer(KEY, spec=ASKING), FAILED, Step.NOTHING),
        (an_issuer(KEY, spec=ASKING, bundle=PUBLISHED), FAILED, Step.NOTHING),
        (an_issuer(KEY, spec=SILENT), PASSED, Step.NOTHING),
        (an_issuer(KEY, spec=SILENT, bundle=PUBLISHED), PASSED, Step.REMOVE),
        (an_issuer(KEY, spec=SILENT, bundle=PUBLISHED), FAILED, Step.REMOVE),
        (
            an_issuer(KEY, spec=replace(SILENT, problem="spec.ca: no"), bundle=PUBLISHED),
            IssuerFailed("no"),
            Step.NOTHING,
        ),
    ],
    ids=[
        "asks for the first time",
        "asks",
        "asks for the first time, the check failed",
        "asks, the check failed",
        "never asked",
        "no longer asks",
        "no longer asks, the check failed",
        "a spec that cannot be read",
    ],
)
def test_what_is_done(issuer: Issuer, check: CheckResult | Exception, step: Step) -> None:
    assert trust_bundles.decide(issuer, check) is step


@pytest.mark.parametrize(
    ("outcome", "row", "message"),
    [
        ("x:y:roots", BundleReason.PUBLISHED, "The roots are in ClusterTrustBundle x:y:roots"),
        (None, BundleReason.NO_ROOT, "Nothing can be published: the signer knows no root that has not expired"),
        (NotServed("no such kind"), BundleReason.NOT_SERVED, "Nothing can be published: no such kind"),
        (
            Forbidden("User x cannot"),
            BundleReason.FORBIDDEN,
            "Nothing is published: the controller lacks a right that deploy/rbac/trust-bundles.yaml of this project"
            " gives: User x cannot",
        ),
        (
            NameTaken("x has no label"),
            BundleReason.NAME_TAKEN,
            "Nothing is published: the ClusterTrustBundle is somebody else's: x has no label",
        ),
        *(
            (
                trouble,
                BundleReason.NOT_PUBLISHED,
                "The roots are not published; this is tried again at the next check: it says no",
            )
            for trouble in (Invalid("it says no"), Conflict("it says no"), Transient("it says no"))
        ),
    ],
)
def test_the_condition_says_what_came_of_publishing(outcome: Outcome, row: BundleReason, message: str) -> None:
    issuer = an_issuer(KEY, spec=ASKING, bundle=replace(PUBLISHED, status="Unknown"), generation=3)
    condition = trust_bundles.settle(issuer, Step.PUBLISH, outcome, NOW)
    assert condition == Condition("TrustBundle", row.value.ready or "", row.value.reason, message, NOW, 3)
    event = trust_bundles.event(issuer, condition)
    assert told(event) == (row.value.event_type, row.value.reason, message)
    assert event is not None
    assert (event.regarding, event.uid, event.action) == (KEY, issuer.uid, "Publish")


@pytest.mark.parametrize("outcome", [None, NotServed("no"), NameTaken("no")], ids=repr)
def test_what_is_gone_or_was_never_ours_has_no_condition(outcome: Outcome) -> None:
    issuer = an_issuer(KEY, spec=SILENT, bundle=PUBLISHED)
    assert trust_bundles.settle(issuer, Step.REMOVE, outcome, NOW) is None
    assert trust_bundles.event(issuer, None) is None


@pytest.mark.parametrize("trouble", [Forbidden("no"), Conflict("no"), Transient("no")], ids=repr)
def test_what_could_not_be_removed_keeps_a_condition(trouble: ClusterError) -> None:
    condition = trust_bundles.settle(an_issuer(KEY, spec=SILENT, bundle=PUBLISHED), Step.REMOVE, trouble, NOW)
    assert condition is not None
    assert (condition.status, condition.reason, condition.since) == ("False", "NotRemoved", NOW)
    assert condition.message.endswith("this is tried again at the next check: no")


def test_what_is_left_alone_keeps_its_condition() -> None:
    for bundle in (None, PUBLISHED):
        assert trust_bundles.settle(an_issuer(KEY, bundle=bundle), Step.NOTHING, None, NOW) is bundle


def test_the_same_again_is_neither_written_nor_told() -> None:
    issuer = an_issuer(KEY, spec=ASKING, bundle=PUBLISHED)
    condition = trust_bundles.settle(issuer, Step.PUBLISH, "x", NOW)
    assert condition is PUBLISHED
    assert trust_bundles.event(issuer, condition) is None
    assert issuers.settle(issuer, an_attempt(), PASSED, condition, NOW, POLICY).patch is None


def test_the_transition_time_moves_with_the_status_alone() -> None:
    broken = replace(PUBLISHED, status="False", reason="NoRoot", message="no")
    condition = trust_bundles.settle(an_issuer(KEY, spec=ASKING, bundle=broken), Step.PUBLISH, Invalid("no"), NOW)
    assert condition is not None
    assert (condition.reason, condition.since) == ("NotPublished", T0)


def test_the_condition_is_written_before_anything_is_published() -> None:
    issuer = an_issuer(KEY, spec=ASKING)
    condition = trust_bundles.settle(issuer, Step.ANNOUNCE, None, NOW)
    assert condition is not None
    assert (condition.status, condition.reason) == ("Unknown", "Publishing")
    effects = issuers.settle(issuer, an_attempt(), PASSED, condition, NOW, POLICY)
    assert effects.patch is not None
    assert effects.patch.status == IssuerStatus(ready(), "Scripted", bundle=condition)
    assert effects.requeue_after == timedelta(0)


@pytest.mark.parametrize("check", [PASSED, FAILED, IssuerFailed("no")], ids=lambda check: type(check).__name__)
def test_ready_does_not_depend_on_the_bundle(check: CheckResult | Exception) -> None:
    broken = replace(PUBLISHED, status="False", reason="Forbidden")
    with_it, without = (
        issuers.settle(a_new_issuer(KEY, bundle=bundle), an_attempt(), check, bundle, NOW, POLICY)
        for bundle in (broken, None)
    )
    assert with_it.patch is not None
    assert without.patch is not None
    assert isinstance(with_it.patch.status, IssuerStatus)
    assert with_it.patch.status.bundle is broken
    assert replace(with_it.patch.status, bundle=None) == without.patch.status
    assert (with_it.event, with_it.requeue_after) == (without.event, without.requeue_after)


def test_a_report_of_a_signer_and_the_first_status_keep_the_condition() -> None:
    for issuer in (an_issuer(KEY, bundle=PUBLISHED), a_new_issuer(KEY, bundle=PUBLISHED)):
        effects = issuers.decide(issuer, an_attempt(), FAILED, NOW, POLICY)
        assert not isinstance(effects, Check)
        assert effects.patch is not None
        assert isinstance(effects.patch.status, IssuerStatus)
        assert effects.patch.status.bundle is PUBLISHED
