"""State of the leader election: pure, as the decisions of client-go's leaderelection package.

- `now` is monotonic time of this process; `date` is wall-clock time, which is only written into the Lease for people.
- Another holder's Lease is taken to have expired when it was seen unchanged for its duration, so clocks need not agree.
- The own lead is counted from before the write that renewed it.

Source: https://pkg.go.dev/k8s.io/client-go/tools/leaderelection
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.ports import LeaseRecord


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Within `duration` after a leader's death another leads; who has not renewed for `renew_deadline` stops before.

    A leader renews every `retry_period`, and the others look twice as often. Raises ValueError for times with which
    two could lead, or none for long.
    """

    duration: timedelta = timedelta(seconds=15)
    renew_deadline: timedelta = timedelta(seconds=10)
    retry_period: timedelta = timedelta(seconds=2)

    def __post_init__(self) -> None:
        if not timedelta(0) < self.retry_period < self.renew_deadline:
            raise ValueError("the renew deadline must be longer than the retry period")
        if self.renew_deadline >= self.held:
            raise ValueError("the lease duration must be longer than the renew deadline and half the retry period")

    @property
    def look_period(self) -> timedelta:
        return self.retry_period / 2

    @property
    def held(self) -> timedelta:
        """The duration in the record, in whole seconds: others see a renewal up to one look late."""
        return timedelta(seconds=(self.duration - self.look_period) // timedelta(seconds=1))

    @property
    def work_deadline(self) -> timedelta:
        """How long after the last renewal what is under way may go on: the other half is for ending it."""
        return (self.renew_deadline + self.held) / 2

    @property
    def call_deadline(self) -> timedelta:
        """The limit for one call: two calls may time out, and the third still renews in time."""
        return self.renew_deadline / 3


class LeaderElectionState:
    """One process's part in it. Tell it what was read (`observe`) and written (`took`), write what `wanted` returns."""

    def __init__(self, identity: str, times: LeaseTimes) -> None:
        self.identity = identity
        self.times = times
        self._seen: LeaseRecord | None = None
        self._since = timedelta(0)  # when it was first seen as it is
        self._renewed: timedelta | None = None  # when the last write that made or kept us leader was begun

    @property
    def holder(self) -> str | None:
        """Who leads as far as is known, ourselves or another; None for nobody."""
        return (self._seen.holder or None) if self._seen else None

    def is_leader(self, now: timedelta) -> bool:
        """Whether work may be begun now."""
        return self.left(now) > timedelta(0)

    def left(self, now: timedelta) -> timedelta:
        """How long we still lead without another renewal."""
        return timedelta(0) if self._renewed is None else self._renewed + self.times.renew_deadline - now

    def work_left(self, now: timedelta) -> timedelta:
        """How long what was begun may go on without another renewal; zero where another has the record."""
        return timedelta(0) if self._renewed is None else self._renewed + self.times.work_deadline - now

    def observe(self, found: LeaseRecord | None, now: timedelta) -> None:
        """Takes what was read, at the time of the answer. After a deletion the last record still has to run out."""
        if found is None:
            self._seen = replace(self._seen, version="") if self._seen else None
            return
        if self._seen is None or found.version != self._seen.version:
            self._seen, self._since = found, now
        if found.holder != self.identity:
            self._renewed = None

    def wanted(self, now: timedelta, date: datetime) -> LeaseRecord | None:
        """The record that would make or keep us leader; None while another leads."""
        seen, held = self._seen, self.times.held
        if seen is None:
            return LeaseRecord(self.identity, held, 0, date, date)
        if seen.holder == self.identity:
            return replace(seen, duration=held, renewed=date)
        if self._others(now) > timedelta(0):
            return None
        return LeaseRecord(self.identity, held, seen.transitions + 1, date, date, seen.version)

    def took(self, written: LeaseRecord, begun: timedelta) -> None:
        """A wanted record was written; `begun` is from before it was sent."""
        self._seen, self._since, self._renewed = written, begun, begun

    def released(self, date: datetime) -> LeaseRecord | None:
        """Leads no more; the record that lets another lead at once, None where there is nothing to give back."""
        self._renewed = None
        if self._seen is None or not self._seen.version or self._seen.holder != self.identity:
            return None
        return replace(self._seen, holder="", duration=timedelta(seconds=1), acquired=date, renewed=date)

    def next_look(self, now: timedelta) -> timedelta:
        """How long after one look at the record the next is due."""
        if self.is_leader(now):
            return self.times.retry_period
        others = self._others(now)
        return min(others, self.times.look_period) if others > timedelta(0) else self.times.look_period

    def _others(self, now: timedelta) -> timedelta:
        """How long the lease of another still holds."""
        if self._seen is None or self._seen.holder in ("", self.identity):
            return timedelta(0)
        return self._since + (self._seen.duration or self.times.held) - now
