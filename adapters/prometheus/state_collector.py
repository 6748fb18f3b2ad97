"""What is the case rather than what happens: looked at when Prometheus asks, and kept nowhere.

An issuer that is gone has no series. What checks found is shown by the leader alone, for a standby checks nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from itertools import product

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.prometheus.definitions import Common, Defined
from adapters.prometheus.metrics import PrometheusMetrics
from domain.model import REQUEST_KINDS, Issuer
from domain.ports import Clock, Cluster


class StateCollector(Collector):
    """`depth` returns how many keys are due, `is_leader` whether this process leads.

    `lease` is the name of the Lease, None without leader election.
    """

    def __init__(
        self,
        metrics: PrometheusMetrics,
        issuer_kinds: Collection[str],
        cluster: Cluster,
        clock: Clock,
        depth: Callable[[], int],
        is_leader: Callable[[], bool],
        lease: str | None,
    ) -> None:
        self._metrics = metrics
        self._issuer_kinds = issuer_kinds
        self._cluster = cluster
        self._clock = clock
        self._depth = depth
        self._leads = is_leader
        self._lease = lease

    def collect(self) -> Iterable[Metric]:
        yield self._gauge(Defined.LEADER, float(self._leads()))
        yield from self._lease_held()
        yield self._gauge(Defined.QUEUE_DEPTH, float(self._depth()))
        yield from self._waiting()
        yield from self._issuers(list(self._cluster.issuers()))

    def _lease_held(self) -> Iterator[Metric]:
        if self._lease is not None:
            held = self._gauge(Common.LEADER_STATUS)
            held.add_metric([self._lease], float(self._leads()))
            yield held

    def _waiting(self) -> Iterator[Metric]:
        number = self._gauge(Defined.WAITING)
        oldest = self._gauge(Defined.OLDEST_WAITING)
        now = self._clock.now()
        found: dict[tuple[str, str], list[datetime | None]] = {
            kinds: [] for kinds in product(REQUEST_KINDS, self._issuer_kinds)
        }
        for each in self._cluster.waiting():
            if each.issuer and (approvals := found.get((each.key.kind, each.issuer.kind))) is not None:
                approvals.append(each.approved_at)
        for kinds, approvals in found.items():
            number.add_metric(kinds, len(approvals))
            since = min((time for time in approvals if time), default=now)
            oldest.add_metric(kinds, max((now - since).total_seconds(), 0.0))
        yield from (number, oldest)

    def _issuers(self, issuers: list[Issuer]) -> Iterator[Metric]:
        ready = self._gauge(Defined.ISSUER_READY)
        check = self._gauge(Defined.ISSUER_CHECKED)
        expiry = self._gauge(Defined.CA_EXPIRATION)
        for issuer in issuers:
            labels = [issuer.key.kind, issuer.key.namespace, issuer.key.name]
            ready.add_metric(labels, float(issuer.is_ready))
            found = self._metrics.checks.get(issuer.key)
            if found is not None:
                check.add_metric(labels, _timestamp(found.at))
            if found is not None and found.expires is not None:
                expiry.add_metric(labels, _timestamp(found.expires))
        yield from (ready, check, expiry)

    def _gauge(self, defined: Defined | Common, value: float | None = None) -> GaugeMetricFamily:
        metric, name = defined.value, defined.full_name(self._metrics.prefix)
        return GaugeMetricFamily(name, metric.help, value, metric.labels or None)


def _timestamp(time: datetime) -> float:
    return time.timestamp()
