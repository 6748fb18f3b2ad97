"""What is measured and what is to be reached, as two tables.

The only place that names numbers; whoever wants another measurement adds a row.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.model import CERTIFICATE_REQUEST, POD_CERTIFICATE_REQUEST
from tests.tools.bench.figures import Measure, Target

MANAGER, PEER = "manager", "peer"
BARE, BARE_IN_GO, WATCHING = "bare client", "bare client in Go", "bare watcher"


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many approved requests, evenly over so many issuers: waiting when a subject starts, or coming at a rate.

    Those of pods are to cluster issuers.
    """

    title: str
    requests: int
    issuers: int = 1
    per_second: float | None = None
    subjects: tuple[str, ...] = (MANAGER, PEER)
    kind: str = CERTIFICATE_REQUEST


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report: a measure of the manager against another subject's, or its own in another scenario."""

    scenario: Scenario
    measure: Measure
    other: str = PEER
    target: Target | None = None
    other_scenario: Scenario | None = None


THOUSAND = Scenario("1,000 waiting", 1_000, subjects=(MANAGER, PEER, BARE, BARE_IN_GO))
TEN_THOUSAND = Scenario("10,000 waiting", 10_000, subjects=(MANAGER, PEER, BARE, BARE_IN_GO))
PODS = Scenario("1,000 waiting, of pods", 1_000, subjects=(MANAGER,), kind=POD_CERTIFICATE_REQUEST)
SLOW = Scenario("10 a second", 200, per_second=10, subjects=(MANAGER, PEER, WATCHING))
FAST = Scenario("50 a second", 1_000, per_second=50, subjects=(MANAGER, PEER, WATCHING))
FEW_ISSUERS = Scenario("100 issuers, 1,000 waiting", 1_000, issuers=100, subjects=(MANAGER,))
MANY_ISSUERS = Scenario("1,000 issuers, 10,000 waiting", 10_000, issuers=1_000, subjects=(MANAGER,))

QUICK = (THOUSAND, PODS, SLOW, FAST)
FULL = (*QUICK, TEN_THOUSAND, FEW_ISSUERS, MANY_ISSUERS)

_QUARTER, _NO_MORE, _THIRD = Target(0.25), Target(1.0), Target(1 / 3)
_MOST_OF_THE_LIMIT = Target(0.8, at_least=True)
_LINEAR = Target(1.2)
_LINEAR_RATE = Target(1 / 1.2, at_least=True)

ROWS = (
    *(
        row
        for waiting in (THOUSAND, TEN_THOUSAND)
        for row in (
            Row(waiting, Measure.SECONDS, target=_QUARTER),
            Row(waiting, Measure.FIRST),
            Row(waiting, Measure.RATE, BARE, _MOST_OF_THE_LIMIT),
            Row(waiting, Measure.RATE, BARE_IN_GO),
            Row(waiting, Measure.CPU, target=_NO_MORE),
            Row(waiting, Measure.MEMORY, target=_NO_MORE if waiting is TEN_THOUSAND else None),
            Row(waiting, Measure.EVENTS),
        )
    ),
    *(
        Row(PODS, measure, MANAGER, other_scenario=THOUSAND)
        for measure in (Measure.SECONDS, Measure.RATE, Measure.CPU, Measure.MEMORY)
    ),
    *(
        row
        for coming in (SLOW, FAST)
        for row in (
            Row(coming, Measure.P50, target=_THIRD),
            Row(coming, Measure.P50, WATCHING),
            Row(coming, Measure.P99, target=_NO_MORE),
            Row(coming, Measure.CPU, target=_NO_MORE),
            Row(coming, Measure.EVENTS),
        )
    ),
    Row(MANY_ISSUERS, Measure.RATE, MANAGER, _LINEAR_RATE, FEW_ISSUERS),
    Row(MANY_ISSUERS, Measure.CPU, MANAGER, _LINEAR, FEW_ISSUERS),
)
