"""The port Metrics in a registry of prometheus_client.

Label values are fixed words, kinds or signers, never objects, so that the number of series is bounded. What is known
of single issuers is kept for state_collector.py, which shows it while the issuer exists.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from adapters.prometheus.definitions import Defined
from domain.model import ObjectKey
from domain.outcomes import CheckOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from domain.ports import Metrics

_SIGNING_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_QUEUE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class Checked:
    """When an issuer's CA was last checked, and what was last known of its expiry."""

    at: datetime
    expires: datetime | None


class PrometheusMetrics(Metrics):
    """`prefix` begins every name. The answers to requests are there from the start, as zeros: rates want that.

    `build` are the labels of build_info, which is always 1.
    """

    def __init__(self, prefix: str, issuer_kinds: Collection[str], build: dict[str, str]) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series for each counter, of no use here
        self.prefix = prefix
        self.registry = CollectorRegistry()
        self.checks: dict[ObjectKey, Checked] = {}
        ProcessCollector(registry=self.registry)
        Info(f"{prefix}_build", Defined.BUILD.value.help, registry=self.registry).info(build)
        self._requests = self._counter(Defined.REQUESTS)
        self._signing = self._histogram(Defined.SIGNING, _SIGNING_BUCKETS)
        self._checks_took = self._histogram(Defined.CHECKS, _SIGNING_BUCKETS)
        self._retries = self._counter(Defined.RETRIES)
        self._queue = self._histogram(Defined.QUEUE_LATENCY, _QUEUE_BUCKETS)
        self._calls = self._counter(Defined.API_REQUESTS)
        self._restarts = self._counter(Defined.WATCH_RESTARTS)
        for kind in issuer_kinds:
            for answer in RequestOutcome:
                self._requests.labels(kind, answer.value)

    def page(self) -> bytes:
        """All metrics, and what the registry's collectors find, in the text format that every Prometheus reads.

        https://prometheus.io/docs/instrumenting/exposition_formats/
        """
        return generate_latest(self.registry)

    def request_completed(self, issuer_kind: str, answer: RequestOutcome) -> None:
        self._requests.labels(issuer_kind, answer.value).inc()

    def signed(self, signer: str, outcome: SignOutcome, took: timedelta) -> None:
        self._signing.labels(signer, outcome.value).observe(_seconds(took))

    def check_took(self, signer: str, outcome: CheckOutcome, took: timedelta) -> None:
        self._checks_took.labels(signer, outcome.value).observe(_seconds(took))

    def retried(self, kind: str) -> None:
        self._retries.labels(kind).inc()

    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        known = self.checks.get(issuer)
        self.checks[issuer] = Checked(at, expires or (known.expires if known else None))

    def forget_issuer(self, issuer: ObjectKey) -> None:
        self.checks.pop(issuer, None)

    def queued(self, waited: timedelta) -> None:
        self._queue.observe(_seconds(waited))

    def called(self, verb: str, resource: str, code: str) -> None:
        self._calls.labels(verb, resource, code).inc()

    def restarted(self, kind: str, cause: WatchRestartReason) -> None:
        self._restarts.labels(kind, cause.value).inc()

    def _counter(self, defined: Defined) -> Counter:
        metric = defined.value
        return Counter(f"{self.prefix}_{metric.name}", metric.help, metric.labels, registry=self.registry)

    def _histogram(self, defined: Defined, buckets: tuple[float, ...]) -> Histogram:
        metric = defined.value
        name = f"{self.prefix}_{metric.name}"
        return Histogram(name, metric.help, metric.labels, buckets=buckets, registry=self.registry)


def _seconds(time: timedelta) -> float:
    return max(time.total_seconds(), 0.0)  # clocks are set back now and then
