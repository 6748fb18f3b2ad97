"""What is the case rather than what happens: looked at when Prometheus asks, and kept nowhere.

An issuer that is gone has no series. What checks found is shown by the leader alone, for a standby checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.prometheus.metrics import PrometheusMetrics
from domain.model import Issuer
from domain.ports import Clock, Cluster

_ISSUER = ("issuer_kind", "issuer_namespace", "issuer_name")


class StateCollector(Collector):
    """`depth` says how many keys are due, `is_leader` whether this process is the one that works."""

    def __init__(
        self,
        metrics: PrometheusMetrics,
        issuer_kinds: Collection[str],
        cluster: Cluster,
        clock: Clock,
        depth: Callable[[], int],
        is_leader: Callable[[], bool],
    ) -> None:
        self._metrics = metrics
        self._issuer_kinds = issuer_kinds
        self._cluster = cluster
        self._clock = clock
        self._depth = depth
        self._leads = is_leader

    def collect(self) -> Iterable[Metric]:
        yield self._gauge("leader", "1 if this process is the one that works, else 0.", float(self._leads()))
        yield self._gauge("queue_depth", "Objects that are due and not being worked on yet.", float(self._depth()))
        yield from self._waiting()
        yield from self._issuers(list(self._cluster.issuers()))

    def _waiting(self) -> Iterator[Metric]:
        number = self._gauge("waiting_requests", "Approved requests without an answer.", None, "issuer_kind")
        oldest = self._gauge(
            "oldest_waiting_request_age_seconds",
            "Time since the approval of the oldest request without an answer; 0 where there is none.",
            None,
            "issuer_kind",
        )
        now, waiting = self._clock.now(), list(self._cluster.waiting())
        for kind in self._issuer_kinds:
            approvals = [each.approved_at for each in waiting if each.issuer and each.issuer.kind == kind]
            number.add_metric([kind], len(approvals))
            since = min((time for time in approvals if time), default=now)
            oldest.add_metric([kind], max((now - since).total_seconds(), 0.0))
        yield from (number, oldest)

    def _issuers(self, issuers: list[Issuer]) -> Iterator[Metric]:
        ready = self._gauge("issuer_ready", "1 if the issuer is Ready, else 0.", None, *_ISSUER)
        check = self._gauge("issuer_last_check_timestamp_seconds", "When its CA was last checked.", None, *_ISSUER)
        expiry = self._gauge(
            "ca_certificate_expiration_timestamp_seconds", "When the issuer's CA expires, as last seen.", None, *_ISSUER
        )
        for issuer in issuers:
            labels = [issuer.key.kind, issuer.key.namespace, issuer.key.name]
            ready.add_metric(labels, float(issuer.is_ready))
            found = self._metrics.checks.get(issuer.key)
            if found is not None:
                check.add_metric(labels, _timestamp(found.at))
            if found is not None and found.expires is not None:
                expiry.add_metric(labels, _timestamp(found.expires))
        yield from (ready, check, expiry)

    def _gauge(self, name: str, what: str, value: float | None, *labels: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"{self._metrics.prefix}_{name}", what, value, labels or None)


def _timestamp(time: datetime) -> float:
    return time.timestamp()
