"""A page of metrics, read with Prometheus' own parser."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adapters.memory.cluster import MemoryCluster
from adapters.prometheus.controller_collector import ControllerCollector
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.prometheus.state_collector import StateCollector
from adapters.prometheus.usage_collector import UsageCollector
from domain.controller.workqueue import WorkQueue
from domain.ports import Cluster
from entrypoints.issuer import METRICS_PREFIX, NAMES
from tests.contracts.clock import StoppedClock

COMMON = ("controller_runtime_", "workqueue_", "rest_client_", "leader_election_")
KINDS = (NAMES.issuer, NAMES.cluster_issuer)


class Scraped:
    def __init__(self, page: bytes) -> None:
        self.samples: list[Sample] = [
            sample for family in text_string_to_metric_families(page.decode()) for sample in family.samples
        ]

    def get(self, name: str, /, **labels: str) -> float | None:
        """The one sample of this name, without our prefix, and of exactly these labels; None where there is none."""
        found = [each.value for each in self.samples if each.name == full(name) and each.labels == labels]
        assert len(found) <= 1, f"{name} {labels} is there {len(found)} times"
        return found[0] if found else None

    def values(self, name: str) -> list[float]:
        return [each.value for each in self.samples if each.name == full(name)]

    def names(self) -> set[str]:
        return {each.name for each in self.samples}

    def labels(self) -> dict[str, set[str]]:
        """The labels of each name."""
        found: dict[str, set[str]] = {}
        for each in self.samples:
            found.setdefault(each.name, set()).update(each.labels)
        return found


async def told(cluster: MemoryCluster) -> None:
    """Returns when the watch has told all that has happened to the cluster."""
    watch = asyncio.create_task(cluster.watch(lambda key, after: None))
    await asyncio.sleep(0)  # in memory it comes as far as there are changes
    watch.cancel()


def full(name: str) -> str:
    """The name with our prefix, unless it is one that other programs have too."""
    return name if name.startswith(COMMON) else f"{METRICS_PREFIX}_{name}"


@dataclass
class Page:
    """All that is shown of a cluster; `depth` and `is_leader` are what a test says they are."""

    cluster: Cluster
    clock: StoppedClock = field(default_factory=StoppedClock)
    depth: int = 0
    is_leader: bool = True
    lease: str | None = None
    queues: dict[str, WorkQueue] = field(default_factory=dict)
    caches: dict[str, Callable[[], int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.metrics = PrometheusMetrics(METRICS_PREFIX, KINDS, {"version": "1.2.3"})
        states = StateCollector(
            self.metrics, KINDS, self.cluster, self.clock, lambda: self.depth, lambda: self.is_leader, self.lease
        )
        usage = UsageCollector(METRICS_PREFIX, self.queues, self.caches)
        for collector in (states, usage, ControllerCollector(self.queues, self.clock)):
            self.metrics.registry.register(collector)

    def scrape(self) -> Scraped:
        return Scraped(self.metrics.page()[0])
