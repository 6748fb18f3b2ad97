"""The port Metrics in a registry of prometheus_client.

Label values are fixed words, kinds or signers, never objects, so that the number of series is bounded. What is known
of single issuers is kept for state_collector.py, which shows it while the issuer exists.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from adapters.prometheus.definitions import Common, Defined
from adapters.prometheus.negotiation import encoder
from domain.controller.controller import CHECKS, REQUESTS
from domain.model import POD_CERTIFICATE_REQUEST, REQUEST_KINDS, UNKNOWN_KIND, ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from domain.ports import Metrics

_SIGNING_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_CONTROLLERS = (REQUESTS, CHECKS)
_QUEUE_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300)
# The buckets of controller-runtime.
_WORKQUEUE_BUCKETS = (1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 0.01, 0.1, 1, 10, 100, 1000)
_RECONCILE_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75,
    2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """When an issuer's CA was last checked, and what was last known of its expiry."""

    at: datetime
    expires: datetime | None


class PrometheusMetrics(Metrics):
    """`prefix` begins the names of ours. Answers and reconciles are there from the start, as zeros: rates want that.

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
        self._http_calls = self._counter(Common.REST_CLIENT)
        self._restarts = self._counter(Defined.WATCH_RESTARTS)
        reconciles, errors = self._counter(Common.RECONCILES), self._counter(Common.RECONCILE_ERRORS)
        reconcile_time = self._histogram(Common.RECONCILE_TIME, _RECONCILE_BUCKETS)
        waited = self._histogram(Common.QUEUE_DURATION, _WORKQUEUE_BUCKETS)
        worked = self._histogram(Common.WORK_DURATION, _WORKQUEUE_BUCKETS)
        # Looked up once: each reconcile counts here.
        self._reconciles = {
            (name, outcome): reconciles.labels(name, outcome.value)
            for name in _CONTROLLERS
            for outcome in ReconcileOutcome
        }
        self._reconcile_errors = {name: errors.labels(name) for name in _CONTROLLERS}
        self._reconcile_time = {name: reconcile_time.labels(name) for name in _CONTROLLERS}
        self._waited = {name: waited.labels(name, name) for name in _CONTROLLERS}
        self._worked = {name: worked.labels(name, name) for name in _CONTROLLERS}
        answered = [*product(REQUEST_KINDS, issuer_kinds), (POD_CERTIFICATE_REQUEST, UNKNOWN_KIND)]
        for (kind, issuer_kind), answer in product(answered, RequestOutcome):
            self._requests.labels(kind, issuer_kind, answer.value)

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics, and what the registry's collectors find, in the format wanted, and its content type."""
        encode, content_type = encoder(accept)
        return encode(self.registry), content_type

    def request_completed(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> None:
        self._requests.labels(kind, issuer_kind, answer.value).inc()

    def signed(self, signer: str, outcome: SignOutcome, took: timedelta) -> None:
        self._signing.labels(signer, outcome.value).observe(_seconds(took))

    def check_took(self, signer: str, outcome: CheckOutcome, took: timedelta) -> None:
        self._checks_took.labels(signer, outcome.value).observe(_seconds(took))

    def reconciled(self, controller: str, kind: str, outcome: ReconcileOutcome, took: timedelta) -> None:
        seconds = _seconds(took)
        self._reconciles[controller, outcome].inc()
        self._reconcile_time[controller].observe(seconds)
        self._worked[controller].observe(seconds)
        if outcome is ReconcileOutcome.ERROR:
            self._retries.labels(kind).inc()
            self._reconcile_errors[controller].inc()

    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        known = self.checks.get(issuer)
        self.checks[issuer] = Checked(at, expires or (known.expires if known else None))

    def forget_issuer(self, issuer: ObjectKey) -> None:
        self.checks.pop(issuer, None)

    def queued(self, controller: str, waited: timedelta) -> None:
        seconds = _seconds(waited)
        self._queue.observe(seconds)
        self._waited[controller].observe(seconds)

    def called(self, verb: str, resource: str, code: str, method: str, host: str) -> None:
        self._calls.labels(verb, resource, code).inc()
        self._http_calls.labels("<error>" if code == "none" else code, method, host).inc()

    def restarted(self, kind: str, cause: WatchRestartReason) -> None:
        self._restarts.labels(kind, cause.value).inc()

    def _counter(self, defined: Defined | Common) -> Counter:
        metric = defined.value
        return Counter(defined.full_name(self.prefix), metric.help, metric.labels, registry=self.registry)

    def _histogram(self, defined: Defined | Common, buckets: tuple[float, ...]) -> Histogram:
        metric, name = defined.value, defined.full_name(self.prefix)
        return Histogram(name, metric.help, metric.labels, buckets=buckets, registry=self.registry)


def _seconds(time: timedelta) -> float:
    return max(time.total_seconds(), 0.0)  # clocks are set back now and then
