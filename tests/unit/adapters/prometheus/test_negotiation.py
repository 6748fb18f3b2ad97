"""In which format the metrics are served: the one that the header Accept wants most, of those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from adapters.memory.cluster import MemoryCluster
from domain.controller.workqueue import WorkQueue
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from entrypoints.issuer import NAMES
from tests.unit.adapters.prometheus.scraping import Page

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", TEXT),
        ("*/*", TEXT),
        ("text/html", TEXT),
        ("text/plain", TEXT),
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, f"{OPENMETRICS}; escaping=allow-utf-8"),
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; q=0.2, text/plain; q=0.1", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; q=0.1, text/plain; q=0.2", TEXT),
        ("text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0", TEXT),
        ("text/plain;version=1.0.0", "text/plain; version=1.0.0; charset=utf-8"),
        ("application/openmetrics-text;version=1.0.0;q=0", TEXT),
        ("application/openmetrics-text;version=1.0.0;q=x", TEXT),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=x", TEXT),
        ("text/plain;version=x", TEXT),
        (",;,;q=;version=", TEXT),
    ],
)
def test_what_is_wanted_most_is_served(accept: str, content_type: str) -> None:
    _, served = Page(MemoryCluster()).metrics.page(accept)
    assert served.removesuffix("; escaping=underscores") == content_type


def test_openmetrics_is_read_by_a_strict_parser_and_says_what_the_text_says() -> None:
    page = busy_page()
    body, _ = page.metrics.page(OPENMETRICS)
    assert body.endswith(b"\n# EOF\n")
    families: Iterable[Metric] = text_string_to_metric_families(body.decode())  # type: ignore[no-untyped-call]
    strict = [sample for family in families for sample in family.samples]
    assert numbers(strict) == numbers(page.scrape().samples)


def numbers(samples: list[Sample]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Without those of the process, which go on."""
    return {
        (each.name, frozenset(each.labels.items())): each.value
        for each in samples
        if not each.name.startswith("process_")
    }


def busy_page() -> Page:
    """Everything that is counted has happened."""
    queue = WorkQueue(lambda key: None, lambda issuer: 1, max_concurrent=10)
    page = Page(MemoryCluster(), lease="sample", queues={"requests": queue}, caches={"CA": lambda: 7})
    second = timedelta(seconds=1)
    page.metrics.request_completed("CertificateRequest", NAMES.issuer, RequestOutcome.ISSUED)
    page.metrics.signed("demo", SignOutcome.ISSUED, second)
    page.metrics.check_took("demo", CheckOutcome.PASSED, second)
    page.metrics.reconciled("requests", "CertificateRequest", ReconcileOutcome.ERROR, second)
    page.metrics.queued("requests", second)
    page.metrics.called("get", "secrets", "none", "GET", "api:6443")
    page.metrics.restarted("Secret", WatchRestartReason.ENDED)
    return page
