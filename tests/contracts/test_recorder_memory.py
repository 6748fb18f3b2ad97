"""The contract of the port Recorder over the adapter in memory."""

from __future__ import annotations

import pytest

from adapters.memory.recorder import MemoryRecorder
from tests.contracts.clock import StoppedClock
from tests.contracts.recorder_contract import RecorderContract, Stage, Told


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.memory = MemoryRecorder(self.clock)
        self.recorder = self.memory

    async def told(self, uid: str) -> list[Told]:
        return [
            Told(seen.event.type, seen.event.reason, seen.event.action, seen.event.note, seen.count)
            for seen in self.memory.all()
            if seen.event.uid == uid
        ]


class TestMemoryRecorder(RecorderContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return MemoryStage()

    @pytest.fixture
    def uid(self) -> str:
        return "uid"
