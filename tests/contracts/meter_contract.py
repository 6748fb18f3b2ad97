"""The contract of the port Meter.

Law: what was told is asked for where people look for it; a clock that was set back spoils nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta

from domain.model import ObjectKey
from domain.outcomes import Answer, Checking, Restart, Signing
from domain.ports import Meter
from entrypoints.settings import NAMES

ISSUER = ObjectKey(NAMES.issuer, "team-a", "ca")
OTHER = ObjectKey(NAMES.cluster_issuer, "", "ca")
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
SECOND, YEAR = timedelta(seconds=1), timedelta(days=365)


class Stage(ABC):
    """A meter under test, and a way to read what it was told."""

    meter: Meter

    @abstractmethod
    def answers(self, issuer_kind: str, answer: Answer) -> float: ...

    @abstractmethod
    def signatures(self, signer: str, outcome: Signing) -> float: ...

    @abstractmethod
    def signing_seconds(self) -> float:
        """Of all signatures together."""

    @abstractmethod
    def checkings(self, signer: str, outcome: Checking) -> float: ...

    @abstractmethod
    def checking_seconds(self) -> float:
        """Of all checks together."""

    @abstractmethod
    def retries(self, kind: str) -> float: ...

    @abstractmethod
    def check(self, issuer: ObjectKey) -> tuple[datetime, datetime | None] | None:
        """When the last one was, and what is known of the CA's expiry."""

    @abstractmethod
    def queued(self) -> tuple[float, float]:
        """How many keys were taken from the queue, and how long they waited together, in seconds."""

    @abstractmethod
    def calls(self, verb: str, resource: str, code: str) -> float: ...

    @abstractmethod
    def restarts(self, kind: str, cause: Restart) -> float: ...


class MeterContract:
    """Inherit, and give a fixture `stage`."""

    def test_answers_are_counted_by_kind_of_issuer_and_outcome(self, stage: Stage) -> None:
        for answer in (Answer.ISSUED, Answer.ISSUED, Answer.FAILED):
            stage.meter.settled(ISSUER.kind, answer)
        assert [stage.answers(ISSUER.kind, answer) for answer in Answer] == [2, 1, 0]
        assert stage.answers(OTHER.kind, Answer.ISSUED) == 0

    def test_signatures_are_counted_and_their_time_is_added_up(self, stage: Stage) -> None:
        stage.meter.signed("EST", Signing.ISSUED, 2 * SECOND)
        stage.meter.signed("EST", Signing.ERROR, 0.5 * SECOND)
        stage.meter.signed("CA", Signing.ISSUED, -SECOND)
        assert [stage.signatures("EST", outcome) for outcome in (Signing.ISSUED, Signing.ERROR)] == [1, 1]
        assert stage.signatures("CA", Signing.ISSUED) == 1
        assert stage.signing_seconds() == 2.5

    def test_checks_are_counted_and_their_time_is_added_up(self, stage: Stage) -> None:
        stage.meter.check_took("EST", Checking.PASSED, 2 * SECOND)
        stage.meter.check_took("EST", Checking.UNHEALTHY, 0.5 * SECOND)
        stage.meter.check_took("CA", Checking.PASSED, -SECOND)
        assert [stage.checkings("EST", outcome) for outcome in Checking] == [1, 1, 0, 0]
        assert stage.checkings("CA", Checking.PASSED) == 1
        assert stage.checking_seconds() == 2.5

    def test_retries_are_counted_by_kind(self, stage: Stage) -> None:
        stage.meter.retried(ISSUER.kind)
        stage.meter.retried(ISSUER.kind)
        assert (stage.retries(ISSUER.kind), stage.retries(OTHER.kind)) == (2, 0)

    def test_of_checks_the_last_one_is_known(self, stage: Stage) -> None:
        stage.meter.checked(ISSUER, NOW, NOW + YEAR)
        stage.meter.checked(ISSUER, NOW + SECOND, NOW + 2 * YEAR)
        assert stage.check(ISSUER) == (NOW + SECOND, NOW + 2 * YEAR)
        assert stage.check(OTHER) is None

    def test_a_check_that_knows_no_expiry_leaves_the_one_that_is_known(self, stage: Stage) -> None:
        stage.meter.checked(ISSUER, NOW, None)
        assert stage.check(ISSUER) == (NOW, None)
        stage.meter.checked(ISSUER, NOW, NOW + YEAR)
        stage.meter.checked(ISSUER, NOW + SECOND, None)
        assert stage.check(ISSUER) == (NOW + SECOND, NOW + YEAR)

    def test_who_is_forgotten_leaves_nothing_and_takes_nobody_along(self, stage: Stage) -> None:
        stage.meter.checked(ISSUER, NOW, NOW + YEAR)
        stage.meter.checked(OTHER, NOW, None)
        stage.meter.forgotten(ISSUER)
        stage.meter.forgotten(ISSUER)
        assert stage.check(ISSUER) is None
        assert stage.check(OTHER) == (NOW, None)
        stage.meter.checked(ISSUER, NOW, None)
        assert stage.check(ISSUER) == (NOW, None)

    def test_waiting_is_added_up(self, stage: Stage) -> None:
        for waited in (SECOND, 3 * SECOND, -SECOND):
            stage.meter.queued(waited)
        assert stage.queued() == (3, 4)

    def test_calls_are_counted_by_verb_resource_and_code(self, stage: Stage) -> None:
        for code in ("200", "200", "none"):
            stage.meter.called("get", "secrets", code)
        stage.meter.called("list", "secrets", "200")
        assert [stage.calls("get", "secrets", code) for code in ("200", "none", "500")] == [2, 1, 0]
        assert stage.calls("list", "secrets", "200") == 1

    def test_restarts_are_counted_by_kind_and_cause(self, stage: Stage) -> None:
        stage.meter.restarted(ISSUER.kind, Restart.GONE)
        assert [stage.restarts(ISSUER.kind, cause) for cause in Restart] == [0, 1, 0]
