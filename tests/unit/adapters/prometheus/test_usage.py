"""Who uses how much: slots by tenant, of whom few are named, and bytes of the caches."""

from __future__ import annotations

from datetime import timedelta

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.controller.workqueue import WorkQueue
from domain.model import ObjectKey
from tests.unit.adapters.prometheus.scraping import Page, Scraped

NOW = timedelta(0)
TENANTS = "abcdefgh"


@pytest.fixture
def queue() -> WorkQueue:
    return WorkQueue(lambda key: None, lambda issuer: 1, max_concurrent=100)


def scraped(queue: WorkQueue) -> Scraped:
    return Page(MemoryCluster(), queues={"requests": queue}).scrape()


def add(queue: WorkQueue, namespace: str, number: int) -> None:
    for each in range(number):
        queue.add(ObjectKey("CertificateRequest", namespace, str(each)), NOW)


def test_slots_in_use_and_objects_that_wait_by_tenant(queue: WorkQueue) -> None:
    add(queue, "a", 3)
    add(queue, "", 1)
    assert {queue.pop_due(NOW), queue.pop_due(NOW)} != {None}
    found = scraped(queue)
    assert found.get("slots", work="requests") == 100
    used = [found.get("tenant_slots", work="requests", tenant=tenant) for tenant in ("a", "(cluster)", "(others)")]
    waiting = [found.get("tenant_waiting_objects", work="requests", tenant=tenant) for tenant in ("a", "(cluster)")]
    assert (used, waiting) == ([1, 1, 0], [2, 0])


def test_the_tenants_with_most_in_hand_are_named_and_the_others_are_summed(queue: WorkQueue) -> None:
    for number, namespace in enumerate(TENANTS, start=1):
        add(queue, namespace, number)
    waiting = {
        each.labels["tenant"]: each.value
        for each in scraped(queue).samples
        if each.name.endswith("_tenant_waiting_objects")
    }
    assert waiting == {"h": 8, "g": 7, "f": 6, "e": 5, "d": 4, "(others)": 1 + 2 + 3}


def test_bytes_of_each_cache() -> None:
    found = Page(MemoryCluster(), caches={"CA": lambda: 7, "EST": lambda: 0}).scrape()
    assert [found.get("cache_bytes", cache=name) for name in ("CA", "EST")] == [7, 0]


def test_what_runs() -> None:
    assert Page(MemoryCluster()).scrape().get("build_info", version="1.2.3") == 1
