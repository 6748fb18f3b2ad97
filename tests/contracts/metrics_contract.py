"""The contract of the port Meter.

What was told is asked for where people look for it; a clock that was set back spoils nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

import pytest

from domain.controller.controller import CHECKS, REQUESTS
from domain.model import REQUEST_KINDS, ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from domain.ports import Metrics
from entrypoints.issuer import NAMES

ISSUER = ObjectKey(NAMES.issuer, "team-a", "ca")
OTHER = ObjectKey(NAMES.cluster_issuer, "", "ca")
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND, YEAR = timedelta(seconds=1), timedelta(days=365)


class Stage(ABC):
    """A meter under test, and a way to read what it was told."""

    metrics: Metrics

    @abstractmethod
    def answers(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> float: ...

    @abstractmethod
    def signatures(self, signer: str, outcome: SignOutcome) -> float: ...

    @abstractmethod
    def signing_seconds(self) -> float:
        """Of all signatures together."""

    @abstractmethod
    def checkings(self, signer: str, outcome: CheckOutcome) -> float: ...

    @abstractmethod
    def checking_seconds(self) -> float:
        """Of all checks together."""

    @abstractmethod
    def retries(self, kind: str) -> float: ...

    @abstractmethod
    def check(self, issuer: ObjectKey) -> tuple[datetime, datetime | None] | None:
        """When the last one was, and what is known of the CA's expiry."""

    @abstractmethod
    def reconciles(self, controller: str, outcome: ReconcileOutcome) -> float: ...

    @abstractmethod
    def reconciling_seconds(self) -> float:
        """Of all reconciles together."""

    @abstractmethod
    def queued(self) -> tuple[float, float]:
        """How many keys were taken from all queues, and how long they waited together, in seconds."""

    @abstractmethod
    def taken(self, controller: str) -> float:
        """How many keys were taken from this queue."""

    @abstractmethod
    def calls(self, verb: str, resource: str, code: str) -> float: ...

    @abstractmethod
    def http_calls(self, code: str, method: str, host: str) -> float: ...

    @abstractmethod
    def restarts(self, kind: str, cause: WatchRestartReason) -> float: ...


class MetricsContract:
    """Inherit, and give a fixture `stage`."""

    @pytest.mark.parametrize("kind", REQUEST_KINDS)
    def test_answers_are_counted_by_both_kinds_and_outcome(self, stage: Stage, kind: str) -> None:
        for answer in (RequestOutcome.ISSUED, RequestOutcome.ISSUED, RequestOutcome.FAILED):
            stage.metrics.request_completed(kind, ISSUER.kind, answer)
        assert [stage.answers(kind, ISSUER.kind, answer) for answer in RequestOutcome] == [2, 1, 0]
        assert stage.answers(kind, OTHER.kind, RequestOutcome.ISSUED) == 0
        for other in set(REQUEST_KINDS) - {kind}:
            assert stage.answers(other, ISSUER.kind, RequestOutcome.ISSUED) == 0

    def test_signatures_are_counted_and_their_time_is_added_up(self, stage: Stage) -> None:
        stage.metrics.signed("EST", SignOutcome.ISSUED, 2 * SECOND)
        stage.metrics.signed("EST", SignOutcome.ERROR, 0.5 * SECOND)
        stage.metrics.signed("CA", SignOutcome.ISSUED, -SECOND)
        assert [stage.signatures("EST", outcome) for outcome in (SignOutcome.ISSUED, SignOutcome.ERROR)] == [1, 1]
        assert stage.signatures("CA", SignOutcome.ISSUED) == 1
        assert stage.signing_seconds() == 2.5

    def test_checks_are_counted_and_their_time_is_added_up(self, stage: Stage) -> None:
        stage.metrics.check_took("EST", CheckOutcome.PASSED, 2 * SECOND)
        stage.metrics.check_took("EST", CheckOutcome.UNHEALTHY, 0.5 * SECOND)
        stage.metrics.check_took("CA", CheckOutcome.PASSED, -SECOND)
        assert [stage.checkings("EST", outcome) for outcome in CheckOutcome] == [1, 1, 0, 0]
        assert stage.checkings("CA", CheckOutcome.PASSED) == 1
        assert stage.checking_seconds() == 2.5

    def test_reconciles_are_counted_by_controller_and_outcome_and_their_time_is_added_up(self, stage: Stage) -> None:
        for outcome, took in zip(ReconcileOutcome, (2 * SECOND, 0.5 * SECOND, -SECOND), strict=True):
            stage.metrics.reconciled(CHECKS, ISSUER.kind, outcome, took)
        stage.metrics.reconciled(CHECKS, OTHER.kind, ReconcileOutcome.SUCCESS, 0 * SECOND)
        assert [stage.reconciles(CHECKS, outcome) for outcome in ReconcileOutcome] == [2, 1, 1]
        assert [stage.reconciles(REQUESTS, outcome) for outcome in ReconcileOutcome] == [0, 0, 0]
        assert stage.reconciling_seconds() == 2.5

    def test_errors_are_counted_by_kind_since_they_are_retried(self, stage: Stage) -> None:
        for outcome in (*ReconcileOutcome, ReconcileOutcome.ERROR):
            stage.metrics.reconciled(CHECKS, ISSUER.kind, outcome, SECOND)
        assert (stage.retries(ISSUER.kind), stage.retries(OTHER.kind)) == (2, 0)

    def test_of_checks_the_last_one_is_known(self, stage: Stage) -> None:
        stage.metrics.checked(ISSUER, NOW, NOW + YEAR)
        stage.metrics.checked(ISSUER, NOW + SECOND, NOW + 2 * YEAR)
        assert stage.check(ISSUER) == (NOW + SECOND, NOW + 2 * YEAR)
        assert stage.check(OTHER) is None

    def test_a_check_that_knows_no_expiry_leaves_the_one_that_is_known(self, stage: Stage) -> None:
        stage.metrics.checked(ISSUER, NOW, None)
        assert stage.check(ISSUER) == (NOW, None)
        stage.metrics.checked(ISSUER, NOW, NOW + YEAR)
        stage.metrics.checked(ISSUER, NOW + SECOND, None)
        assert stage.check(ISSUER) == (NOW + SECOND, NOW + YEAR)

    def test_who_is_forgotten_leaves_nothing_and_takes_nobody_along(self, stage: Stage) -> None:
        stage.metrics.checked(ISSUER, NOW, NOW + YEAR)
        stage.metrics.checked(OTHER, NOW, None)
        stage.metrics.forget_issuer(ISSUER)
        stage.metrics.forget_issuer(ISSUER)
        assert stage.check(ISSUER) is None
        assert stage.check(OTHER) == (NOW, None)
        stage.metrics.checked(ISSUER, NOW, None)
        assert stage.check(ISSUER) == (NOW, None)

    def test_waiting_is_added_up(self, stage: Stage) -> None:
        for waited in (SECOND, 3 * SECOND, -SECOND):
            stage.metrics.queued(REQUESTS, waited)
        stage.metrics.queued(CHECKS, SECOND)
        assert stage.queued() == (4, 5)
        assert [stage.taken(controller) for controller in (REQUESTS, CHECKS)] == [3, 1]

    def test_calls_are_counted_by_verb_resource_and_code(self, stage: Stage) -> None:
        for code in ("200", "200", "none"):
            stage.metrics.called("get", "secrets", code, "GET", "api:6443")
        stage.metrics.called("list", "secrets", "200", "GET", "api:6443")
        assert [stage.calls("get", "secrets", code) for code in ("200", "none", "500")] == [2, 1, 0]
        assert stage.calls("list", "secrets", "200") == 1

    def test_and_by_code_method_and_host(self, stage: Stage) -> None:
        for resource, code in (("secrets", "200"), ("leases", "200"), ("leases", "none")):
            stage.metrics.called("get", resource, code, "GET", "api:6443")
        stage.metrics.called("patch", "leases", "200", "PATCH", "api:6443")
        assert [stage.http_calls(code, "GET", "api:6443") for code in ("200", "none", "500")] == [2, 1, 0]
        assert stage.http_calls("200", "PATCH", "api:6443") == 1
        assert stage.http_calls("200", "GET", "other") == 0

    def test_restarts_are_counted_by_kind_and_cause(self, stage: Stage) -> None:
        stage.metrics.restarted(ISSUER.kind, WatchRestartReason.GONE)
        assert [stage.restarts(ISSUER.kind, cause) for cause in WatchRestartReason] == [0, 1, 0]
