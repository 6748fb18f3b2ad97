"""A clock for tests: it shows the time that it was given and does not run."""

from datetime import UTC, datetime, timedelta

from domain.ports import Clock


class StoppedClock(Clock):
    """Stands at this second unless told otherwise; move it by setting `time`."""

    def __init__(self, time: datetime | None = None) -> None:
        self.time = time or datetime.now(UTC).replace(microsecond=0)

    def now(self) -> datetime:
        return self.time

    def uptime(self) -> timedelta:
        return self.time - datetime.min.replace(tzinfo=UTC)
