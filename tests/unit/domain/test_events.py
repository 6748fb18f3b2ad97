"""Repeated Events folded into series.

The same Event within ten minutes of its last is one more of the same; what is forgotten begins anew; memory is
bounded, and what was told longest ago is forgotten first.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from domain import events as module
from domain.effects import Event
from domain.events import WINDOW, Series
from domain.model import ObjectKey
from tests.support.factories import MINUTE, SECOND, T0, request_key

EVENT = Event(request_key(), "uid", "Warning", "Pending", "Sign", "Temporary error")


def test_the_same_again_is_counted_from_the_first_to_the_last() -> None:
    series = Series()
    first = series.observe(EVENT, T0)
    second = series.observe(EVENT, T0 + 4 * SECOND)
    third = series.observe(EVENT, T0 + 13 * SECOND)
    assert (first.count, first.first, first.last) == (1, T0, T0)
    assert (second.count, second.first, second.last) == (2, T0, T0 + 4 * SECOND)
    assert (third.count, third.first, third.last) == (3, T0, T0 + 13 * SECOND)
    assert first.name == second.name == third.name


def test_a_series_goes_on_while_no_gap_is_longer_than_the_window() -> None:
    series = Series()
    seen = [series.observe(EVENT, T0 + number * WINDOW) for number in range(5)]
    assert [each.count for each in seen] == [1, 2, 3, 4, 5]
    after = series.observe(EVENT, T0 + 5 * WINDOW + SECOND)
    assert (after.count, after.first) == (1, T0 + 5 * WINDOW + SECOND)
    assert after.name != seen[0].name


@pytest.mark.parametrize("change", [{"uid": "b"}, {"note": "b"}, {"reason": "B"}, {"type": "Normal"}, {"action": "B"}])
def test_any_difference_is_another_series(change: dict[str, str]) -> None:
    series = Series()
    first, other = series.observe(EVENT, T0), series.observe(replace(EVENT, **change), T0)  # type: ignore[arg-type]
    assert (first.count, other.count) == (1, 1)
    assert first.name != other.name


def test_what_the_cluster_lost_begins_anew() -> None:
    series = Series()
    series.observe(EVENT, T0)
    series.forget(EVENT)
    series.forget(EVENT)
    assert series.observe(EVENT, T0 + SECOND).count == 1


def test_memory_is_bounded_and_the_longest_silent_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_REMEMBERED", 3)
    series = Series()
    events = [replace(EVENT, note=str(number)) for number in range(4)]
    for event in events[:3]:
        series.observe(event, T0)
    series.observe(events[0], T0 + SECOND)  # no longer the longest silent
    series.observe(events[3], T0 + SECOND)
    counts = [series.observe(event, T0 + MINUTE).count for event in (events[0], events[3], events[2], events[1])]
    assert counts == [3, 2, 2, 1]


@pytest.mark.parametrize("name", ["web", "a" * 253, "a" * 229 + ".b", "a" * 229 + "-b", "a.b-c"])
def test_the_name_of_an_event_is_one_that_the_api_takes(name: str) -> None:
    made = Series().observe(replace(EVENT, regarding=ObjectKey("CertificateRequest", "n", name)), T0).name
    assert len(made) <= 253
    label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    assert re.fullmatch(rf"{label}(\.{label})*", made)
    assert made.startswith(name[:200])
