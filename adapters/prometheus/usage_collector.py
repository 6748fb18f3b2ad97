"""What the process uses, by tenant: slots, and bytes of the caches. Computed at each scrape.

A tenant is the namespace of issuers and their requests; `(cluster)` is that of what is in none. Label sets are bounded:
of tenants the few with most in hand are named, and the rest are summed as `(others)`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.prometheus.definitions import Defined
from domain.controller.workqueue import Usage, WorkQueue

_NAMED = 5
_CLUSTER, _OTHERS = "(cluster)", "(others)"  # no namespace can have these names


class UsageCollector(Collector):
    """`queues` by what is worked on; `caches` by name, each returning its bytes."""

    def __init__(self, prefix: str, queues: Mapping[str, WorkQueue], caches: Mapping[str, Callable[[], int]]) -> None:
        self._prefix = prefix
        self._queues = queues
        self._caches = caches

    def collect(self) -> Iterable[Metric]:
        yield from self._slots()
        cached = self._gauge(Defined.CACHE)
        for name, size in self._caches.items():
            cached.add_metric([name], size())
        yield cached

    def _slots(self) -> Iterator[Metric]:
        slots = self._gauge(Defined.SLOTS)
        used = self._gauge(Defined.TENANT_SLOTS)
        waiting = self._gauge(Defined.TENANT_WAITING)
        for work, queue in self._queues.items():
            slots.add_metric([work], queue.max_concurrent)
            for tenant, working, due in _few(queue.usage()):
                used.add_metric([work, tenant], working)
                waiting.add_metric([work, tenant], due)
        yield from (slots, used, waiting)

    def _gauge(self, defined: Defined) -> GaugeMetricFamily:
        metric = defined.value
        return GaugeMetricFamily(defined.full_name(self._prefix), metric.help, labels=metric.labels)


def _few(usages: Iterable[Usage]) -> Iterator[tuple[str, int, int]]:
    """Tenant, worked on, due: of the few tenants with most in hand, and of all others together."""
    ranked = sorted(usages, key=lambda usage: (-usage.working - usage.due, usage.namespace))
    for usage in ranked[:_NAMED]:
        yield usage.namespace or _CLUSTER, usage.working, usage.due
    rest = ranked[_NAMED:]
    yield _OTHERS, sum(usage.working for usage in rest), sum(usage.due for usage in rest)
