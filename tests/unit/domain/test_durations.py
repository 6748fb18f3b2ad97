"""Durations as Go writes them.

What Go's time.ParseDuration takes is taken, what it refuses is refused in one line that says what is wanted, and
what is written can be read again.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.durations import parse, text

LONGEST = timedelta(microseconds=2**63 // 1000)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0),
        ("-0", 0),
        ("0s", 0),
        ("5s", 5),
        ("30s", 30),
        ("1478s", 1478),
        ("10m", 600),
        ("2160h", 7776000),
        ("1h30m", 5400),
        ("1h0m0s", 3600),
        ("30m1h", 5400),
        ("1h1h", 7200),
        ("-5s", -5),
        ("-1h30m", -5400),
        ("5.0s", 5),
        ("5.6s", 5.6),
        ("5.s", 5),
        (".5s", 0.5),
        ("1.5h", 5400),
        ("100ms", 0.1),
        ("10us", 1e-5),
        ("12µs", 1.2e-5),
        ("12μs", 1.2e-5),
        ("1000ns", 1e-6),
        ("1ns", 0),
        ("2562047h", 9223369200),
    ],
)
def test_is_read(written: str, seconds: float) -> None:
    assert parse(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-",
        "3",
        "1h30",
        "s",
        ".",
        ".s",
        "5",
        "1d",
        "1w",
        "5 s",
        " 5s",
        "5s ",
        "5s\n",
        "--5s",
        "1e3s",
        "٣s",
        "1hh",
        "h1",
    ],
)
def test_is_refused_and_what_is_wanted_is_said(written: str) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 30s, 10m or 2160h") as refused:
        parse(written)
    assert str(refused.value).startswith(repr(written))


@pytest.mark.parametrize("written", ["2562048h", "99999999999h", "-2562048h", "9" * 400 + "h"])
def test_longer_than_go_can_say_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is longer than any duration can be"):
        parse(written)


@pytest.mark.parametrize(
    ("duration", "written"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=90), "1m30s"),
        (timedelta(minutes=5), "5m"),
        (timedelta(minutes=90), "1h30m"),
        (timedelta(days=90), "2160h"),
        (timedelta(hours=1, seconds=1), "1h1s"),
        (timedelta(seconds=1.5), "1.5s"),
        (timedelta(seconds=10), "10s"),
        (timedelta(seconds=3600.5), "1h0.5s"),
        (timedelta(seconds=123456.7), "34h17m36.7s"),
        (timedelta(microseconds=1), "0.000001s"),
        (timedelta(seconds=-90), "-1m30s"),
    ],
)
def test_is_written(duration: timedelta, written: str) -> None:
    assert text(duration) == written


@given(st.timedeltas(-LONGEST, LONGEST))
def test_what_is_written_is_read_again(duration: timedelta) -> None:
    assert parse(text(duration)) == duration


@given(st.text(alphabet="0123456789.hmsuµn- ", max_size=12))
def test_anything_is_read_or_refused_and_nothing_else_happens(written: str) -> None:
    try:
        duration = parse(written)
    except ValueError:
        return
    assert abs(duration) <= LONGEST
