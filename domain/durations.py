"""Durations as Go writes them, since that is what cert-manager's manifests and the Go sample's flags hold.

Law: text in, timedelta out, and back. Format: https://pkg.go.dev/time#ParseDuration.
"""

import re
from datetime import timedelta

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(h|ms|m|s|us|µs|ns)", re.ASCII)


def parse(text: str) -> timedelta:
    """'2160h', '1h30m' or '90s' as a timedelta; ValueError, saying what is wanted, for anything else."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    if rest == "0":
        return timedelta(0)
    if not rest or _PART.sub("", rest):
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 2160h")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(rest))
    try:
        return sign * timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any duration can be") from None


def text(duration: timedelta) -> str:
    """The shortest of Go's spellings: '1h30m', '5m', '90s', '1.5s'."""
    seconds = duration.total_seconds()
    if seconds != int(seconds):
        return f"{seconds:g}s"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "h"), (minutes, "m"), (rest, "s")]
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
