"""A clock for tests: it shows the time that it was given and does not run."""

from datetime import UTC, datetime, timedelta

from domain.ports import Clock


class StoppedClock(Clock):
    """Stands at this second unless told otherwise; move it by setting `time`, its wall clock alone by `set_back`."""

    def __init__(self, time: datetime | None = None) -> None:
        self.time = time or datetime.now(UTC).replace(microsecond=0)
        self.set_back = timedelta(0)

    def now(self) -> datetime:
        return self.time - self.set_back

    def uptime(self) -> timedelta:
        return uptime_at(self.time)


def uptime_at(time: datetime) -> timedelta:
    """The uptime of a StoppedClock whose `time` is this."""
    return time - datetime.min.replace(tzinfo=UTC)
