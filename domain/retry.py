"""Retry policy: backoff, check interval and retry window, and what is remembered between two attempts.

Pure. Jitter is computed from a seed, such as an object's uid, in place of a random source, so that a decision is
repeatable and objects are still spread out.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model import Issued, Pending, PendingOrder


def fraction(seed: str) -> float:
    """A number in [0, 1) that is always the same for the same seed and spreads evenly over seeds."""
    return zlib.crc32(seed.encode()) / 2**32


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment on both clocks of ports.Clock.

    `date` is the wall clock: it is written into objects and compared with what stands there. `uptime` is the monotonic
    clock, which measures delays. Of two moments of one process only the uptimes say how much time is between them.
    """

    date: datetime
    uptime: timedelta


@dataclass(frozen=True, slots=True)
class Attempt:
    """What this process remembers of its work on one object. It dies with the process, the object's status does not.

    `first_seen` is when a request was first seen approved, `opened` when its retry window opened, `poll` when its order
    is due; the last two keep the uptime of a time that an object carries, for a wall clock that is set later. `due` is
    the uptime at which the lack of its approval is worth telling.
    `order` is one that the request's status cannot keep, `outcome` an answer that is not written yet, `announced` the
    note of the last Event that no status tells, `difference` that of the CA's last wrong certificate; `circuit_open`
    says that a signer, not a check, reported the issuer unhealthy, and that nothing has been signed since.
    """

    uid: str
    first_seen: Moment | None = None
    failures: int = 0
    outcome: Issued | Pending | Exception | None = None
    announced: str = ""
    due: timedelta | None = None
    difference: str = ""
    circuit_open: bool = False
    opened: Moment | None = None
    poll: Moment | None = None
    order: PendingOrder | None = None


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Backoff doubles from `first` to `longest`; a request is given up after `max_duration` of failures.

    `approval_grace` is how long an approver may take before anything is said of it: most take milliseconds.
    """

    max_duration: timedelta = timedelta(minutes=10)
    check_interval: timedelta = timedelta(minutes=5)
    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)
    approval_grace: timedelta = timedelta(seconds=5)

    def backoff(self, failures: int, seed: str) -> timedelta:
        """How long to wait after so many failures in a row: full steps, shortened by up to a tenth."""
        steps: int = min(max(failures, 1) - 1, 30)
        wait = min(self.first * (1 << steps), self.longest)
        return wait * (1 - 0.1 * fraction(f"{seed}/{failures}"))

    def next_check(self, seed: str) -> timedelta:
        """The check interval, give or take a tenth."""
        return self.check_interval * (0.9 + 0.2 * fraction(seed))
