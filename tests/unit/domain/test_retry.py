"""Backoff and jitter.

Waits double from the first to the longest and are shortened by a tenth at most; the same seed gives the same
wait, different seeds spread out.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.retry import RetryPolicy, fraction
from tests.support.factories import MINUTE, POLICY, SECOND


@pytest.mark.parametrize(
    ("failures", "full"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 8), (9, 256), (10, 300), (31, 300), (10**9, 300)]
)
def test_waits_double_up_to_the_longest(failures: int, full: int) -> None:
    waits = [POLICY.backoff(failures, f"uid-{number}") for number in range(100)]
    assert all(0.9 * full * SECOND <= wait <= full * SECOND for wait in waits)
    assert len(set(waits)) > 90


@given(st.integers(0, 10**6), st.text())
def test_a_wait_can_be_repeated_and_is_never_nothing(failures: int, seed: str) -> None:
    wait = POLICY.backoff(failures, seed)
    assert wait == POLICY.backoff(failures, seed)
    assert timedelta(0) < wait <= POLICY.longest


def test_the_next_wait_is_always_longer_until_the_longest() -> None:
    waits = [POLICY.backoff(number, "uid") for number in range(1, 9)]
    assert all(one < other for one, other in pairwise(waits))


def test_a_policy_of_its_own() -> None:
    policy = RetryPolicy(first=MINUTE, longest=3 * MINUTE, check_interval=MINUTE)
    assert 0.9 * MINUTE <= policy.backoff(1, "uid") <= MINUTE
    assert 2.7 * MINUTE <= policy.backoff(20, "uid") <= 3 * MINUTE


def test_checks_spread_over_a_fifth_of_the_interval() -> None:
    checks = [POLICY.next_check(f"uid-{number}") for number in range(1000)]
    assert 0.9 * POLICY.check_interval <= min(checks) < 0.91 * POLICY.check_interval
    assert 1.09 * POLICY.check_interval < max(checks) <= 1.1 * POLICY.check_interval


@given(st.text())
def test_a_fraction_is_one(seed: str) -> None:
    assert 0 <= fraction(seed) < 1
    assert fraction(seed) == fraction(seed)
