"""The contract of the port Meter over the adapter in memory."""

from __future__ import annotations

from datetime import datetime

import pytest

from adapters.memory.metrics import MemoryMetrics
from domain.model import ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from tests.contracts.metrics_contract import MetricsContract, Stage


class MemoryStage(Stage):
    def __init__(self) -> None:
        self.memory = MemoryMetrics()
        self.metrics = self.memory

    def answers(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> float:
        return self.memory.answers[kind, issuer_kind, answer]

    def signatures(self, signer: str, outcome: SignOutcome) -> float:
        return self.memory.signatures[signer, outcome]

    def signing_seconds(self) -> float:
        return self.memory.signing.total_seconds()

    def checkings(self, signer: str, outcome: CheckOutcome) -> float:
        return self.memory.checkings[signer, outcome]

    def checking_seconds(self) -> float:
        return self.memory.checking.total_seconds()

    def retries(self, kind: str) -> float:
        return self.memory.retries[kind]

    def check(self, issuer: ObjectKey) -> tuple[datetime, datetime | None] | None:
        return self.memory.checks.get(issuer)

    def reconciles(self, controller: str, outcome: ReconcileOutcome) -> float:
        return self.memory.reconciles[controller, outcome]

    def reconciling_seconds(self) -> float:
        return self.memory.reconciling.total_seconds()

    def queued(self) -> tuple[float, float]:
        return self.memory.visits.total(), self.memory.waited.total_seconds()

    def taken(self, controller: str) -> float:
        return self.memory.visits[controller]

    def calls(self, verb: str, resource: str, code: str) -> float:
        return self.memory.calls[verb, resource, code]

    def http_calls(self, code: str, method: str, host: str) -> float:
        return self.memory.http_calls[code, method, host]

    def restarts(self, kind: str, cause: WatchRestartReason) -> float:
        return self.memory.restarts[kind, cause]


class TestMemoryMeter(MetricsContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return MemoryStage()
