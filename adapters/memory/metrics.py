"""The port Metrics in memory: counts that tests read."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from domain.model import ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from domain.ports import Metrics


class MemoryMetrics(Metrics):
    """`checks` holds of each issuer when it was last checked, and what was last known of its CA's expiry."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, str, RequestOutcome]] = Counter()
        self.signatures: Counter[tuple[str, SignOutcome]] = Counter()
        self.signing = timedelta(0)
        self.checkings: Counter[tuple[str, CheckOutcome]] = Counter()
        self.checking = timedelta(0)
        self.retries: Counter[str] = Counter()
        self.checks: dict[ObjectKey, tuple[datetime, datetime | None]] = {}
        self.reconciles: Counter[tuple[str, ReconcileOutcome]] = Counter()
        self.reconciling = timedelta(0)
        self.visits: Counter[str] = Counter()
        self.waited = timedelta(0)
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.http_calls: Counter[tuple[str, str, str]] = Counter()
        self.restarts: Counter[tuple[str, WatchRestartReason]] = Counter()

    def request_completed(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> None:
        self.answers[kind, issuer_kind, answer] += 1

    def signed(self, signer: str, outcome: SignOutcome, took: timedelta) -> None:
        self.signatures[signer, outcome] += 1
        self.signing += max(took, timedelta(0))

    def check_took(self, signer: str, outcome: CheckOutcome, took: timedelta) -> None:
        self.checkings[signer, outcome] += 1
        self.checking += max(took, timedelta(0))

    def reconciled(self, controller: str, kind: str, outcome: ReconcileOutcome, took: timedelta) -> None:
        self.reconciles[controller, outcome] += 1
        self.reconciling += max(took, timedelta(0))
        if outcome is ReconcileOutcome.ERROR:
            self.retries[kind] += 1

    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        _, known = self.checks.get(issuer, (at, None))
        self.checks[issuer] = at, expires or known

    def forget_issuer(self, issuer: ObjectKey) -> None:
        self.checks.pop(issuer, None)

    def queued(self, controller: str, waited: timedelta) -> None:
        self.visits[controller] += 1
        self.waited += max(waited, timedelta(0))

    def called(self, verb: str, resource: str, code: str, method: str, host: str) -> None:
        self.calls[verb, resource, code] += 1
        self.http_calls[code, method, host] += 1

    def restarted(self, kind: str, cause: WatchRestartReason) -> None:
        self.restarts[kind, cause] += 1
