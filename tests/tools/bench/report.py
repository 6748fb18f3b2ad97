"""The one table, from what was measured.

Pure; it hides nothing. A ratio comes from medians, and beside it stand the ratios of the single rounds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tests.tools.bench.figures import Comparison, Rounds, Target, compare
from tests.tools.bench.scenarios import MANAGER, Row, Scenario

Results = Mapping[tuple[Scenario, str], Rounds]
"""By scenario and subject."""

HEADER = ("scenario", "measure (medians)", "manager", "compared with", "", "ratio", "rounds", "target", "")


def table(results: Results, rows: Iterable[Row]) -> str:
    """A line for each row whose scenario was measured."""
    cells = [HEADER, *(_cells(results, row) for row in rows if (row.scenario, MANAGER) in results)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _cells(results: Results, row: Row) -> tuple[str, ...]:
    other_scenario = row.other_scenario or row.scenario
    found = compare(row.measure, results[row.scenario, MANAGER], results.get((other_scenario, row.other), ()))
    name = row.other if row.other_scenario is None else row.other_scenario.title
    return (
        row.scenario.title,
        row.measure.value,
        _number(found.ours),
        name,
        _number(found.other),
        _ratio(found.ratio),
        "-".join(dict.fromkeys((_ratio(found.least), _ratio(found.most)))),
        str(row.target or ""),
        _verdict(row.target, found),
    )


def _verdict(target: Target | None, found: Comparison) -> str:
    if target is None:
        return ""
    if found.ratio is None:
        return "not measured"
    return "reached" if target.is_reached(found.ratio) else "not reached"


def _number(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _ratio(value: float | None) -> str:
    return "?" if value is None else f"{value:.2f}"
