"""Medians, percentiles, ratios and targets, worked out by hand."""

from __future__ import annotations

import pytest

from tests.tools.bench.figures import Comparison, Measure, Target, compare, middle, per_second, percentile

SECONDS = Measure.SECONDS


def test_the_median_is_of_the_rounds_that_measured_it() -> None:
    rounds = [{SECONDS: 9.0}, {Measure.CPU: 1.0}, {SECONDS: 1.0}, {SECONDS: 2.0}]
    assert middle(SECONDS, rounds) == 2.0
    assert middle(Measure.P50, rounds) is None


def test_a_ratio_is_of_medians_and_the_rounds_are_compared_in_pairs() -> None:
    ours = [{SECONDS: 1.0}, {SECONDS: 8.0}, {SECONDS: 3.0}]
    other = [{SECONDS: 4.0}, {SECONDS: 8.0}, {SECONDS: 6.0}]
    assert compare(SECONDS, ours, other) == Comparison(3.0, 6.0, ratio=0.5, least=0.25, most=1.0)


@pytest.mark.parametrize("other", [[], [{}], [{SECONDS: 0.0}]], ids=["nobody", "not measured", "nothing"])
def test_what_cannot_be_compared_has_no_ratio(other: list[dict[Measure, float]]) -> None:
    found = compare(SECONDS, [{SECONDS: 1.0}], other)
    assert (found.ours, found.ratio, found.least, found.most) == (1.0, None, None, None)


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50.0), (0.99, 99.0), (1.0, 100.0), (0.0, 1.0), (0.991, 100.0)])
def test_a_percentile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert percentile((float(value) for value in range(100, 0, -1)), share) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    assert percentile([7.0], 0.99) == 7.0


@pytest.mark.parametrize(("times", "expected"), [([3.0, 1.0, 2.0], 1.0), ([0.0, 0.5], 2.0), ([5.0], None), ([], None)])
def test_a_rate_is_from_the_first_to_the_last(times: list[float], expected: float | None) -> None:
    assert per_second(times) == expected


@pytest.mark.parametrize(
    ("target", "ratio", "reached"),
    [
        (Target(0.25), 0.25, True),
        (Target(0.25), 0.26, False),
        (Target(0.8, at_least=True), 0.8, True),
        (Target(0.8, at_least=True), 0.79, False),
    ],
)
def test_a_target_is_reached_at_its_limit(target: Target, ratio: float, reached: bool) -> None:
    assert target.is_reached(ratio) is reached
