"""The metrics as text, in the one format that every Prometheus reads.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

from prometheus_client import generate_latest

from adapters.prometheus.meter import PrometheusMeter
from adapters.prometheus.states import States


class Exposition:
    def __init__(self, meter: PrometheusMeter, states: States) -> None:
        self._registry = meter.registry
        self._registry.register(states)

    def text(self) -> bytes:
        return generate_latest(self._registry)
