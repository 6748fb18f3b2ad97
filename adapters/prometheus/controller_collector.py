"""The state of the work queues and of the work on their keys, under controller-runtime's names. Read at each scrape.

Each work queue with its slots is shown as a controller with its workers, so the labels name and controller are equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from adapters.prometheus.definitions import Common
from domain.controller.workqueue import WorkQueue
from domain.ports import Clock

_Family = CounterMetricFamily | GaugeMetricFamily


class ControllerCollector(Collector):
    """`queues` by what is worked on."""

    def __init__(self, queues: Mapping[str, WorkQueue], clock: Clock) -> None:
        self._queues = queues
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        families: dict[Common, _Family] = {}
        for name, queue in self._queues.items():
            for metric, value in _values(queue, self._clock.uptime()).items():
                family = families.setdefault(metric, _family(metric))
                family.add_metric([name for _ in metric.value.labels], value)
        return families.values()


def _values(queue: WorkQueue, now: timedelta) -> dict[Common, float]:
    running = [(now - begun).total_seconds() for begun in queue.all_begun()]
    return {
        Common.DEPTH: len(queue),
        Common.ADDS: queue.adds,
        Common.QUEUE_RETRIES: queue.retries,
        Common.UNFINISHED: sum(running),
        Common.LONGEST_RUNNING: max(running, default=0),
        Common.ACTIVE_WORKERS: len(running),
        Common.MAX_CONCURRENT: queue.max_concurrent,
    }


def _family(defined: Common) -> _Family:
    metric = defined.value
    family = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    return family(metric.name, metric.help, labels=metric.labels)
