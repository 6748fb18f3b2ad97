from __future__ import annotations

import pytest

from adapters.clock import SystemClock
from domain.ports import Clock
from tests.contracts.clock import StoppedClock
from tests.contracts.clock_contract import ClockContract


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return SystemClock()


class TestStoppedClock(ClockContract):
    @pytest.fixture
    def clock(self) -> Clock:
        return StoppedClock()
