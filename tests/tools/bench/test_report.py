"""The table: what it says, and what it leaves out."""

from __future__ import annotations

import pytest

from tests.tools.bench.figures import Measure, Rounds, Target
from tests.tools.bench.report import table
from tests.tools.bench.scenarios import BARE, FULL, MANAGER, PEER, ROWS, Row, Scenario

WAITING = Scenario("waiting", 10)
MORE = Scenario("more waiting", 100)
QUARTER = Row(WAITING, Measure.SECONDS, target=Target(0.25))


def seconds(*rounds: float) -> Rounds:
    return [{Measure.SECONDS: value} for value in rounds]


def line(row: Row, results: dict[tuple[Scenario, str], Rounds]) -> str:
    (*_, found) = table(results, [row]).splitlines()
    return " ".join(found.split())


@pytest.mark.parametrize(
    ("ours", "verdict"), [((2.0, 1.0, 9.0), "2.0 peer 8.0 0.25 0.12-1.12 ≤ 0.25 reached"), ((4.0,), "not reached")]
)
def test_a_line_has_medians_ratio_rounds_target_and_verdict(ours: tuple[float, ...], verdict: str) -> None:
    said = line(QUARTER, {(WAITING, MANAGER): seconds(*ours), (WAITING, PEER): seconds(8.0, 8.0, 8.0)})
    assert said.startswith("waiting seconds until all are Ready")
    assert said.endswith(verdict)


def test_a_subject_that_was_not_measured_is_no_success() -> None:
    assert line(QUARTER, {(WAITING, MANAGER): seconds(1.0)}).endswith("? ? ≤ 0.25 not measured")


def test_a_measure_without_target_has_no_verdict() -> None:
    said = line(Row(WAITING, Measure.SECONDS, BARE), {(WAITING, MANAGER): seconds(6.0), (WAITING, BARE): seconds(3.0)})
    assert said.endswith("bare client 3.0 2.00 2.00")


def test_the_manager_is_compared_with_itself_by_the_name_of_the_scenario() -> None:
    row = Row(MORE, Measure.SECONDS, MANAGER, Target(10), WAITING)
    said = line(row, {(MORE, MANAGER): seconds(9.0), (WAITING, MANAGER): seconds(1.0)})
    assert said.endswith("9.0 waiting 1.0 9.00 9.00 ≤ 10.00 reached")


def test_what_was_not_run_has_no_line() -> None:
    assert "waiting" not in table({}, [QUARTER])


def test_large_numbers_can_be_read() -> None:
    assert "12,346" in line(QUARTER, {(WAITING, MANAGER): seconds(12_345.6)})


def test_every_row_compares_what_is_measured() -> None:
    for row in ROWS:
        assert row.scenario in FULL
        assert MANAGER in row.scenario.subjects
        assert row.other in (row.other_scenario or row.scenario).subjects
