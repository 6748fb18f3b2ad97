"""The arithmetic: what a run measured, medians over rounds, ratios, and whether a target was reached.

Pure, and the only place that computes. A figure that was not measured is None, never zero.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import median


class Measure(Enum):
    """What is measured of a subject in one run, with its unit."""

    SECONDS = "seconds until all are Ready"
    FIRST = "seconds from start to the first Ready"
    RATE = "Ready requests a second"
    CPU = "CPU ms a request"
    MEMORY = "peak memory, MiB"
    EVENTS = "Events written"
    P50 = "ms to Ready, p50"
    P99 = "ms to Ready, p99"


Figures = Mapping[Measure, float]
"""Of one subject in one run."""
Rounds = Sequence[Figures]
"""Of one subject in one scenario."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a ratio should be: at most, or at least, this."""

    limit: float
    at_least: bool = False

    def is_reached(self, ratio: float) -> bool:
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:.2f}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The medians of two subjects, their ratio, and the smallest and largest ratio of a single round."""

    ours: float | None
    other: float | None
    ratio: float | None
    least: float | None
    most: float | None


def compare(measure: Measure, ours: Rounds, other: Rounds) -> Comparison:
    """Rounds are compared in pairs as they were measured, medians over all of them."""
    pairs = [
        mine / theirs
        for mine, theirs in zip(_all(measure, ours), _all(measure, other), strict=False)
        if mine is not None and theirs
    ]
    mine, theirs = middle(measure, ours), middle(measure, other)
    ratio = mine / theirs if mine is not None and theirs else None
    return Comparison(mine, theirs, ratio, min(pairs, default=None), max(pairs, default=None))


def middle(measure: Measure, rounds: Rounds) -> float | None:
    """The median over the rounds that measured it."""
    known = [value for value in _all(measure, rounds) if value is not None]
    return median(known) if known else None


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that so large a share of all does not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def per_second(times: Collection[float]) -> float | None:
    """How many came in a second, from the first to the last."""
    span = max(times) - min(times) if times else 0.0
    return (len(times) - 1) / span if span else None


def _all(measure: Measure, rounds: Rounds) -> list[float | None]:
    return [figures.get(measure) for figures in rounds]
