"""Queries of dashboards for controller-runtime and client-go, held to what the manager serves; promtool reads it too.

The manager's cluster is in memory. Without promtool its test is skipped, and with REQUIRE_CLUSTER=1 that is a failure.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import promql_parser as promql
import pytest
import pytest_asyncio

from adapters.prometheus.definitions import Common
from domain.outcomes import ReconcileOutcome
from tests.integration.deploy.test_queries import GIVEN, name, parts, selectors
from tests.unit.adapters.prometheus.scraping import Scraped
from tests.unit.entrypoints.http.scraped import running

QUERIES = (
    'sum by (controller, pod) (rate(controller_runtime_reconcile_total{job="j"}[5m]))',
    'sum by (controller) (rate(controller_runtime_reconcile_total{result="error"}[5m]))',
    'sum by (controller) (rate(controller_runtime_reconcile_total{result="success"}[5m]))',
    'sum by (controller) (rate(controller_runtime_reconcile_total{result="requeue_after"}[5m]))',
    "sum by (controller) (rate(controller_runtime_reconcile_errors_total[5m]))",
    "histogram_quantile(0.99, sum by (controller, le) (rate(controller_runtime_reconcile_time_seconds_bucket[5m])))",
    "sum by (controller) (controller_runtime_active_workers / controller_runtime_max_concurrent_reconciles)",
    "sum by (name, controller) (workqueue_depth)",
    "sum by (name, controller) (rate(workqueue_adds_total[5m]))",
    "sum by (name, controller) (rate(workqueue_retries_total[5m]))",
    "histogram_quantile(0.5, sum by (name, controller, le) (rate(workqueue_queue_duration_seconds_bucket[5m])))",
    "histogram_quantile(0.9, sum by (name, controller, le) (rate(workqueue_work_duration_seconds_bucket[5m])))",
    "rate(workqueue_unfinished_work_seconds[5m])",
    "max by (name, controller) (workqueue_longest_running_processor_seconds)",
    'sum by (code, method, host) (rate(rest_client_requests_total{code=~"2..", method="GET"}[5m]))',
    "sum by (name) (leader_election_master_status)",
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page() -> bytes:
    async with running(secure=False, leader_elect=True) as manager:
        metrics, second = manager.container.metrics(), timedelta(seconds=1)
        metrics.called("get", "secrets", "200", "GET", "api:6443")
        metrics.queued("requests", second)
        metrics.reconciled("requests", "CertificateRequest", ReconcileOutcome.SUCCESS, second)
        _, _, body = await manager.scrape()
    return body


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_of_theirs_finds_series_with_its_labels(page: bytes, query: str) -> None:
    served = Scraped(page)
    labels = served.labels()
    for selector in selectors(promql.parse(query)):
        equal = {
            each.name: each.value
            for each in selector.matchers.matchers
            if each.op == promql.MatchOp.Equal and each.name not in GIVEN
        }
        found = [
            each for each in served.samples if each.name == name(selector) and equal.items() <= each.labels.items()
        ]
        assert found, f"{selector} finds nothing"
    for aggregate in parts(promql.parse(query), promql.AggregateExpr):
        for selector in selectors(aggregate.expr):
            assert set(aggregate.modifier.labels) <= labels[name(selector)] | GIVEN


def test_a_query_asks_for_each_metric_that_is_served_under_their_name() -> None:
    asked = {name(selector) for query in QUERIES for selector in selectors(promql.parse(query))}
    assert {each.removesuffix("_bucket") for each in asked} == {each.value.name for each in Common}


def test_promtool_finds_nothing_to_complain_of(page: bytes, promtool: Path) -> None:
    done = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
