"""What every Clock must do.

Inherit, and say how to make one:

    class TestMine(ClockContract):
        @pytest.fixture
        def clock(self) -> Clock:
            return MyClock()
"""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from domain.ports import Clock


class ClockContract:
    @pytest.fixture
    def clock(self) -> Clock:
        raise NotImplementedError

    def test_the_time_is_aware_and_in_utc(self, clock: Clock) -> None:
        assert clock.now().tzinfo is UTC

    def test_the_uptime_never_goes_back(self, clock: Clock) -> None:
        first, second = clock.uptime(), clock.uptime()
        assert timedelta(0) <= first <= second
