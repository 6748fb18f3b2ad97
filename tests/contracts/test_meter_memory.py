"""The contract of the port Meter over the adapter in memory."""

from __future__ import annotations

from datetime import datetime

import pytest

from adapters.memory.metrics import MemoryMeter
from domain.model import ObjectKey
from domain.outcomes import Answer, Checking, Restart, Signing
from tests.contracts.meter_contract import MeterContract, Stage


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.memory = MemoryMeter()
        self.meter = self.memory

    def answers(self, issuer_kind: str, answer: Answer) -> float:
        return self.memory.answers[issuer_kind, answer]

    def signatures(self, signer: str, outcome: Signing) -> float:
        return self.memory.signatures[signer, outcome]

    def signing_seconds(self) -> float:
        return self.memory.signing.total_seconds()

    def checkings(self, signer: str, outcome: Checking) -> float:
        return self.memory.checkings[signer, outcome]

    def checking_seconds(self) -> float:
        return self.memory.checking.total_seconds()

    def retries(self, kind: str) -> float:
        return self.memory.retries[kind]

    def check(self, issuer: ObjectKey) -> tuple[datetime, datetime | None] | None:
        return self.memory.checks.get(issuer)

    def queued(self) -> tuple[float, float]:
        return self.memory.visits, self.memory.waited.total_seconds()

    def calls(self, verb: str, resource: str, code: str) -> float:
        return self.memory.calls[verb, resource, code]

    def restarts(self, kind: str, cause: Restart) -> float:
        return self.memory.restarts[kind, cause]


class TestMemoryMeter(MeterContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return MemoryStage()
