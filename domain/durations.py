"""Parses and formats durations as Go writes them, which manifests of cert-manager and flags hold.

Format: https://pkg.go.dev/time#ParseDuration
"""

import re
from datetime import timedelta

_LONGEST = timedelta(microseconds=2**63 // 1000)  # Go counts nanoseconds in 64 bits
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(h|ms|m|s|us|µs|μs|ns)", re.ASCII)
_WHOLE = re.compile(f"(?:{_PART.pattern})+", re.ASCII)  # takes linear time, for tenants write durations


def parse(text: str) -> timedelta:
    """'2160h', '1h30m' or '90s' as a timedelta; ValueError, saying what is wanted, for anything else."""
    sign, rest = (-1, text[1:]) if text.startswith("-") else (1, text)
    if rest == "0":
        return timedelta(0)
    if not _WHOLE.fullmatch(rest):
        raise ValueError(f"{text!r} is not a duration such as 30s, 10m or 2160h")
    try:
        parts = [timedelta(seconds=float(number) * _UNITS[unit]) for number, unit in _PART.findall(rest)]
        duration = sum(parts, timedelta(0))
    except OverflowError:
        duration = timedelta.max
    if duration > _LONGEST:
        raise ValueError(f"{text!r} is longer than any duration can be")
    return sign * duration


def text(duration: timedelta) -> str:
    """As Go spells it, without parts that are zero: '1h30m', '5m', '1m30s', '1.5s'."""
    sign, rest = ("-", -duration) if duration < timedelta(0) else ("", duration)
    hours, rest = divmod(rest, timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    seconds = f"{rest.total_seconds():.6f}".rstrip("0").rstrip(".")
    parts = [(str(hours), "h"), (str(minutes), "m"), (seconds, "s")]
    return sign + "".join(f"{count}{unit}" for count, unit in parts if count != "0") if duration else "0s"
