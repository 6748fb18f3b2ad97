"""The state of the work queues, under the names that dashboards for controller-runtime ask for."""

from __future__ import annotations

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.controller.workqueue import WorkQueue
from domain.model import ObjectKey
from tests.contracts.clock import StoppedClock
from tests.support.factories import HOUR, MINUTE, SECOND, T0
from tests.unit.adapters.prometheus.scraping import Page, Scraped

QUEUE = {"name": "requests", "controller": "requests"}


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(lambda key: None, lambda issuer: 1, max_concurrent=10)


@pytest.fixture
def page(queue: WorkQueue) -> Page:
    idle = WorkQueue(lambda key: None, lambda issuer: 1, max_concurrent=4)
    return Page(MemoryCluster(), StoppedClock(T0), queues={"requests": queue, "checks": idle})


def values(found: Scraped, of: str) -> dict[str, float | None]:
    queues = ("depth", "adds_total", "retries_total", "unfinished_work_seconds", "longest_running_processor_seconds")
    workers = ("active_workers", "max_concurrent_reconciles")
    return {each: found.get(f"workqueue_{each}", name=of, controller=of) for each in queues} | {
        each: found.get(f"controller_runtime_{each}", controller=of) for each in workers
    }


def test_of_an_idle_queue(page: Page) -> None:
    assert values(page.scrape(), "checks") == {
        "depth": 0,
        "adds_total": 0,
        "retries_total": 0,
        "unfinished_work_seconds": 0,
        "longest_running_processor_seconds": 0,
        "active_workers": 0,
        "max_concurrent_reconciles": 4,
    }


def test_of_one_at_work(page: Page, queue: WorkQueue) -> None:
    for name in "abc":
        queue.add(ObjectKey("CertificateRequest", "n", name), page.clock.uptime())
    queue.pop_due(page.clock.uptime())
    page.clock.time = T0 + MINUTE
    queue.pop_due(page.clock.uptime())
    page.clock.time = T0 + MINUTE + SECOND
    queue.schedule(ObjectKey("CertificateRequest", "n", "later"), page.clock.uptime() + HOUR)
    assert values(page.scrape(), "requests") == {
        "depth": 1,
        "adds_total": 3,
        "retries_total": 1,
        "unfinished_work_seconds": 62,
        "longest_running_processor_seconds": 61,
        "active_workers": 2,
        "max_concurrent_reconciles": 10,
    }


def test_reconciles_that_were_not_yet_are_zeros_for_rates_want_that(page: Page) -> None:
    found = page.scrape()
    for controller in ("requests", "checks"):
        for result in ("success", "error", "requeue_after"):
            assert found.get("controller_runtime_reconcile_total", controller=controller, result=result) == 0
        assert found.get("controller_runtime_reconcile_errors_total", controller=controller) == 0


def test_a_time_falls_into_the_buckets_that_controller_runtime_has(page: Page) -> None:
    page.metrics.queued("requests", SECOND)
    found = page.scrape()
    counted = [found.get("workqueue_queue_duration_seconds_bucket", **QUEUE, le=le) for le in ("1e-08", "0.1", "1.0")]
    assert counted == [0, 0, 1]
