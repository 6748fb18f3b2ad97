"""Chooses the format of the metrics by the header Accept: OpenMetrics 1.0, or the text that every Prometheus reads.

choose_encoder of prometheus_client ignores `q` and does not check the version, so both are looked at before its call.

Sources: https://prometheus.io/docs/instrumenting/content_negotiation/, https://www.rfc-editor.org/rfc/rfc9110#name-accept
"""

from __future__ import annotations

import re
from collections.abc import Callable

from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

_VERSIONS = {
    "application/openmetrics-text": ("", "1.0.0"),
    "text/plain": ("", "0.0.4", "1.0.0"),
    "text/*": ("",),
    "*/*": ("",),
}
"""What is served, by media type."""


def encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    """The function for what is wanted most, and its content type; text where nothing that is served is wanted."""
    for wanted in sorted(accept.split(","), key=_weight, reverse=True):
        versions = _VERSIONS.get(wanted.partition(";")[0].strip(), ())
        if _weight(wanted) > 0 and _parameter(wanted, "version", "") in versions:
            return choose_encoder(wanted)
    return choose_encoder("")


def _weight(wanted: str) -> float:
    try:
        return float(_parameter(wanted, "q", "1"))
    except ValueError:
        return 0.0


def _parameter(wanted: str, name: str, default: str) -> str:
    found = re.search(rf";\s*{name}=([^\s;]*)", wanted)
    return found[1] if found else default
