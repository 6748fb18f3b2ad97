"""The metrics as text, in the one format that every Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.registry import Collector

from adapters.prometheus.metrics import PrometheusMetrics


class Exposition:
    """Of what the meter was told, and of what `collectors` find when asked."""

    def __init__(self, metrics: PrometheusMetrics, *collectors: Collector) -> None:
        self._registry = metrics.registry
        for collector in collectors:
            self._registry.register(collector)

    def text(self) -> bytes:
        return generate_latest(self._registry)
