"""The port Clock: the machine's."""

import time
from datetime import UTC, datetime, timedelta

from domain.ports import Clock

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux has one that counts a suspended machine's sleep


class SystemClock(Clock):
    def now(self) -> datetime:
        return datetime.now(UTC)

    def uptime(self) -> timedelta:
        return timedelta(seconds=time.clock_gettime(_STEADY))
