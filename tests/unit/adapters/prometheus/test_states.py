"""What is looked at when Prometheus asks: the cluster as the watch last told it, the queue, who leads.

Of an issuer that is gone nothing is left; label sets are bounded, whatever tenants call their things.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from adapters.memory.cluster import MemoryCluster
from domain.controller.workqueue import WorkQueue
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    UNKNOWN_KIND,
    Approval,
    Condition,
    Issuer,
    IssuerSpec,
    ObjectKey,
    Request,
)
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from entrypoints.issuer import NAMES
from tests.unit.adapters.prometheus.scraping import Page, Scraped, told

ISSUER, CLUSTER_ISSUER = ObjectKey(NAMES.issuer, "team-a", "ca"), ObjectKey(NAMES.cluster_issuer, "", "ca")
LABELS = {
    key: {"issuer_kind": key.kind, "issuer_namespace": key.namespace, "issuer_name": key.name}
    for key in (ISSUER, CLUSTER_ISSUER)
}
SECOND = timedelta(seconds=1)


@pytest.fixture
def page() -> Page:
    return Page(MemoryCluster())


async def with_issuer(page: Page, key: ObjectKey = ISSUER, status: str = "True") -> None:
    ready = Condition("Ready", status, "Because", "", page.clock.now(), 1)
    cluster = memory(page)
    cluster.create(Issuer(key, "", "", 0, IssuerSpec("", ObjectKey("Secret", "n", "s"), "demo"), ready))
    await told(cluster)


async def with_request(
    page: Page, name: str, issuer: ObjectKey = ISSUER, kind: str = CERTIFICATE_REQUEST, **more: Any
) -> None:
    key = ObjectKey(kind, "team-a", name)
    cluster = memory(page)
    cluster.create(Request(key, "", "", issuer, approval=Approval.APPROVED, **more))
    await told(cluster)


def memory(page: Page) -> MemoryCluster:
    assert isinstance(page.cluster, MemoryCluster)
    return page.cluster


@pytest.mark.parametrize(("status", "shown"), [("True", 1), ("False", 0), ("Unknown", 0)])
@pytest.mark.parametrize("key", [ISSUER, CLUSTER_ISSUER])
async def test_each_issuer_is_ready_or_not(page: Page, key: ObjectKey, status: str, shown: float) -> None:
    await with_issuer(page, key, status)
    assert page.scrape().get("issuer_ready", **LABELS[key]) == shown


async def test_an_issuer_that_is_gone_has_no_series(page: Page) -> None:
    await with_issuer(page)
    page.metrics.checked(ISSUER, page.clock.now(), page.clock.now())
    assert about(page.scrape(), "ca") == {
        "issuer_ready",
        "issuer_last_check_timestamp_seconds",
        "ca_certificate_expiration_timestamp_seconds",
    }
    memory(page).delete(ISSUER)
    await told(memory(page))
    assert about(page.scrape(), "ca") == set()


async def test_it_says_whether_this_process_leads(page: Page) -> None:
    page.is_leader = False
    assert page.scrape().get("leader") == 0
    page.is_leader = True
    assert page.scrape().get("leader") == 1
    assert page.scrape().values("leader_election_master_status") == [], "there is no Lease"


@pytest.mark.parametrize("leads", [True, False])
def test_and_by_which_lease(leads: bool) -> None:
    page = Page(MemoryCluster(), is_leader=leads, lease="sample")
    assert page.scrape().get("leader_election_master_status", name="sample") == leads


async def test_of_an_issuer_that_was_never_checked_only_its_readiness_is_shown(page: Page) -> None:
    await with_issuer(page)
    assert about(page.scrape(), "ca") == {"issuer_ready"}
    page.metrics.checked(ISSUER, page.clock.now(), page.clock.now())
    assert page.scrape().get("issuer_last_check_timestamp_seconds", **LABELS[ISSUER]) == page.clock.now().timestamp()


async def test_the_oldest_waiting_request_of_each_kind_and_kind_of_issuer(page: Page) -> None:
    now = page.clock.now()
    await with_request(page, "a", approved_at=now - 3 * SECOND)
    await with_request(page, "b", approved_at=now - 7 * SECOND)
    await with_request(page, "c", CLUSTER_ISSUER, approved_at=now + SECOND)  # its approver's clock is ahead
    await with_request(page, "d", CLUSTER_ISSUER)  # its approval carries no time
    await with_request(page, "e", CLUSTER_ISSUER, POD_CERTIFICATE_REQUEST, approved_at=now - 5 * SECOND)
    await with_request(page, "f", ObjectKey(UNKNOWN_KIND, "", "x"), POD_CERTIFICATE_REQUEST)  # is denied at once
    found = page.scrape()
    kinds = [
        {"request_kind": request, "issuer_kind": issuer.kind}
        for request, issuer in (
            (CERTIFICATE_REQUEST, ISSUER),
            (CERTIFICATE_REQUEST, CLUSTER_ISSUER),
            (POD_CERTIFICATE_REQUEST, CLUSTER_ISSUER),
            (CERTIFICATE_SIGNING_REQUEST, CLUSTER_ISSUER),
        )
    ]
    assert [found.get("waiting_requests", **each) for each in kinds] == [2, 2, 1, 0]
    assert [found.get("oldest_waiting_request_age_seconds", **each) for each in kinds] == [7, 0, 5, 0]


def test_where_nobody_waits_the_age_is_zero(page: Page) -> None:
    assert page.scrape().values("oldest_waiting_request_age_seconds") == [0] * 6


def test_the_depth_of_the_queue(page: Page) -> None:
    page.depth = 5
    assert page.scrape().get("queue_depth") == 5


def test_rates_have_a_zero_to_begin_with(page: Page) -> None:
    found = page.scrape()
    assert found.values("requests_total") == [0] * (2 * 3 * 3 + 3)
    for kind in (CLUSTER_ISSUER.kind, UNKNOWN_KIND):
        labels = {"request_kind": POD_CERTIFICATE_REQUEST, "issuer_kind": kind, "outcome": "denied"}
        assert found.get("requests_total", **labels) == 0


async def test_requests_bring_no_series_however_many_there_are(page: Page) -> None:
    before = len(page.scrape().samples)
    for number in range(50):
        await with_request(page, f"request-{number}")
        page.metrics.forget_issuer(ObjectKey("CertificateRequest", "team-a", f"request-{number}"))
    assert len(page.scrape().samples) == before


async def test_names_hold_only_what_names_of_metrics_may(page: Page) -> None:
    page.caches["CA"] = lambda: 0
    page.queues["checks"] = WorkQueue(lambda key: None, lambda issuer: 1, max_concurrent=1)
    await with_issuer(page)
    page.metrics.checked(ISSUER, page.clock.now(), page.clock.now())
    for kind in (ISSUER.kind, CLUSTER_ISSUER.kind):
        for answer in RequestOutcome:
            page.metrics.request_completed(CERTIFICATE_REQUEST, kind, answer)
    page.metrics.signed("Demo", SignOutcome.ISSUED, SECOND)
    page.metrics.check_took("Demo", CheckOutcome.PASSED, SECOND)
    page.metrics.restarted("Secret", WatchRestartReason.ENDED)
    page.metrics.reconciled("requests", "CertificateRequest", ReconcileOutcome.ERROR, SECOND)
    page.metrics.called("get", "secrets", "200", "GET", "api:6443")
    labels = page.scrape().labels()
    assert {name for names in labels.values() for name in names} == {
        "request_kind",
        "issuer_kind",
        "issuer_namespace",
        "issuer_name",
        "outcome",
        "signer",
        "kind",
        "cause",
        "verb",
        "resource",
        "code",
        "le",
        "version",
        "cache",
        "work",
        "tenant",
        "controller",
        "name",
        "result",
        "method",
        "host",
    }
    assert not [name for name in labels if name.endswith("_created")]


def about(found: Scraped, name: str) -> set[str]:
    """Which metrics are there of this issuer, without their prefix."""
    return {
        each.name.removeprefix(f"{NAMES.controller}_".replace("-", "_"))
        for each in found.samples
        if each.labels.get("issuer_name") == name
    }
