"""The contract of the port Meter over Prometheus: what is read is what Prometheus would read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.model import Issuer, IssuerSpec, ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from tests.contracts.metrics_contract import ISSUER, OTHER, MetricsContract, Stage
from tests.unit.adapters.prometheus.scraping import Page, Scraped, told


class PrometheusStage(Stage):
    def __init__(self, cluster: MemoryCluster) -> None:
        self._page = Page(cluster)
        self.metrics = self._page.metrics

    def answers(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> float:
        return self._value("requests_total", request_kind=kind, issuer_kind=issuer_kind, outcome=answer.value)

    def signatures(self, signer: str, outcome: SignOutcome) -> float:
        return self._value("signing_duration_seconds_count", signer=signer, outcome=outcome.value)

    def signing_seconds(self) -> float:
        return sum(self._scrape().values("signing_duration_seconds_sum"))

    def checkings(self, signer: str, outcome: CheckOutcome) -> float:
        return self._value("check_duration_seconds_count", signer=signer, outcome=outcome.value)

    def checking_seconds(self) -> float:
        return sum(self._scrape().values("check_duration_seconds_sum"))

    def retries(self, kind: str) -> float:
        return self._value("retries_total", kind=kind)

    def check(self, issuer: ObjectKey) -> tuple[datetime, datetime | None] | None:
        labels = {"issuer_kind": issuer.kind, "issuer_namespace": issuer.namespace, "issuer_name": issuer.name}
        at = self._scrape().get("issuer_last_check_timestamp_seconds", **labels)
        expires = self._scrape().get("ca_certificate_expiration_timestamp_seconds", **labels)
        return None if at is None else (_time(at), None if expires is None else _time(expires))

    def reconciles(self, controller: str, outcome: ReconcileOutcome) -> float:
        errors = self._value("controller_runtime_reconcile_errors_total", controller=controller)
        assert errors == self._of_controller(controller, ReconcileOutcome.ERROR)
        return self._of_controller(controller, outcome)

    def _of_controller(self, controller: str, outcome: ReconcileOutcome) -> float:
        return self._value("controller_runtime_reconcile_total", controller=controller, result=outcome.value)

    def reconciling_seconds(self) -> float:
        return self._same("controller_runtime_reconcile_time_seconds_sum", "workqueue_work_duration_seconds_sum")

    def queued(self) -> tuple[float, float]:
        number = self._same("queue_latency_seconds_count", "workqueue_queue_duration_seconds_count")
        return number, self._same("queue_latency_seconds_sum", "workqueue_queue_duration_seconds_sum")

    def taken(self, controller: str) -> float:
        return self._value("workqueue_queue_duration_seconds_count", name=controller, controller=controller)

    def calls(self, verb: str, resource: str, code: str) -> float:
        return self._value("api_requests_total", verb=verb, resource=resource, code=code)

    def http_calls(self, code: str, method: str, host: str) -> float:
        code = "<error>" if code == "none" else code
        return self._value("rest_client_requests_total", code=code, method=method, host=host)

    def restarts(self, kind: str, cause: WatchRestartReason) -> float:
        return self._value("watch_restarts_total", kind=kind, cause=cause.value)

    def _same(self, ours: str, theirs: str) -> float:
        """Of all series together, which is the same in both."""
        one, other = sum(self._scrape().values(ours)), sum(self._scrape().values(theirs))
        assert one == other
        return one

    def _value(self, name: str, /, **labels: str) -> float:
        return self._scrape().get(name, **labels) or 0.0

    def _scrape(self) -> Scraped:
        return self._page.scrape()


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


class TestPrometheusMeter(MetricsContract):
    @pytest.fixture
    async def stage(self) -> Stage:
        cluster = MemoryCluster()
        for key in (ISSUER, OTHER):
            cluster.create(Issuer(key, "", "", 0, IssuerSpec("", ObjectKey("Secret", "system", "s"), "demo")))
        await told(cluster)
        return PrometheusStage(cluster)
