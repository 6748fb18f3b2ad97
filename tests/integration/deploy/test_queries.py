"""The dashboard and the alerts, held to what the manager really serves: every name, every label, every word.

What is served is scraped from a running manager, not read from its source; PromQL is read by a parser.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser as promql
import pytest
import pytest_asyncio

from domain.model import Condition, Issuer, IssuerSpec, ObjectKey
from domain.outcomes import CheckOutcome, ReconcileOutcome, SignOutcome, WatchRestartReason
from entrypoints.issuer import METRICS_PREFIX, NAMES
from tests.integration.deploy.manifests import DEPLOY, the_only
from tests.support.readme import anchors
from tests.unit.adapters.prometheus.scraping import Scraped, told
from tests.unit.entrypoints.http.scraped import Running, running

PREFIX = "".join(part.capitalize() for part in NAMES.controller.split("-"))
GIVEN = {"pod", "job", "instance", "namespace", "cluster"}  # labels that Prometheus adds when it scrapes
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "prometheus" / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
[GROUP] = the_only("prometheus", "PrometheusRule")["spec"]["groups"]
RULES: dict[str, dict[str, Any]] = {rule["alert"]: rule for rule in GROUP["rules"]}
QUERIES: dict[str, str] = {name: rule["expr"] for name, rule in RULES.items()} | {
    f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", "5m")
    for panel in PANELS
    for target in panel["targets"]
}
queries = pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES.keys())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> Scraped:
    """What a manager serves that has met everything that is counted."""
    async with running(secure=False) as manager:
        await with_issuer(manager)
        metrics = manager.container.metrics()
        metrics.signed("Demo", SignOutcome.ISSUED, timedelta(seconds=1))
        metrics.check_took("Demo", CheckOutcome.PASSED, timedelta(seconds=1))
        metrics.reconciled("requests", "CertificateRequest", ReconcileOutcome.ERROR, timedelta(seconds=1))
        metrics.called("get", "secrets", "200", "GET", "api:6443")
        for cause in WatchRestartReason:
            metrics.restarted("Secret", cause)
        _, _, page = await manager.scrape()
    return Scraped(page)


async def with_issuer(manager: Running) -> None:
    key = ObjectKey(NAMES.issuer, "team-a", "ca")
    now = manager.container.clock().now()
    ready = Condition("Ready", "True", "Checked", "", now, 1)
    manager.cluster.create(Issuer(key, "", "", 0, IssuerSpec("", ObjectKey("Secret", "team-a", "s"), "demo"), ready))
    await told(manager.cluster)
    manager.container.metrics().checked(key, now, now)


@queries
async def test_a_query_asks_for_what_is_served(served: Scraped, query: str) -> None:
    found = list(selectors(promql.parse(query)))
    assert found
    labels = served.labels()
    for selector in found:
        assert name(selector) in labels, f"{name(selector)} is not served"
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked <= labels[name(selector)] | GIVEN, f"{name(selector)} has no such label"


@queries
async def test_what_a_query_groups_by_is_a_label_of_all_that_it_groups(served: Scraped, query: str) -> None:
    labels = served.labels()
    for aggregate in parts(promql.parse(query), promql.AggregateExpr):
        wanted = set(aggregate.modifier.labels) if aggregate.modifier else set()
        for selector in selectors(aggregate.expr):
            assert wanted <= labels[name(selector)] | GIVEN, f"{name(selector)} has no such label"


@queries
def test_a_counter_is_asked_for_its_rate_and_a_gauge_never(query: str) -> None:
    rated = {name(selector) for call in parts(promql.parse(query), promql.Call) for selector in selectors_in(call)}
    for selector in selectors(promql.parse(query)):
        counts = bool(re.search(r"_(total|bucket|count|sum)$", name(selector)))
        assert counts is (name(selector) in rated), name(selector)


@queries
async def test_the_words_that_are_compared_are_words_that_are_served(served: Scraped, query: str) -> None:
    for selector in selectors(promql.parse(query)):
        for matcher in selector.matchers.matchers:
            if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual) and matcher.name not in GIVEN:
                assert matcher.value in {
                    each.labels[matcher.name] for each in served.samples if each.name == name(selector)
                }, f"{matcher.name} is never {matcher.value}"


@queries
def test_a_quantile_keeps_the_buckets_apart(query: str) -> None:
    for call in parts(promql.parse(query), promql.Call):
        if call.func.name == "histogram_quantile":
            [aggregate] = parts(call, promql.AggregateExpr)
            assert "le" in aggregate.modifier.labels


@pytest.mark.parametrize("alert", RULES)
def test_an_alert_says_whom_it_is_about_what_to_do_and_waits_a_while(alert: str) -> None:
    rule = RULES[alert]
    told = rule["annotations"]
    assert alert.startswith(PREFIX)
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert told["summary"]
    assert told["description"]
    assert told["runbook_url"] == f"deploy/README.md#{alert.removeprefix(PREFIX).lower()}"
    assert told["runbook_url"].partition("#")[2] in anchors("deploy/README.md")
    assert set(re.findall(r"\$labels\.(\w+)", f"{told['summary']} {told['description']}")) <= grouped(rule["expr"])


@pytest.mark.parametrize("panel", PANELS, ids=[panel["title"] for panel in PANELS])
def test_a_panel_says_what_it_shows_and_names_its_lines_by_labels_that_they_have(panel: dict[str, Any]) -> None:
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    for target in panel["targets"]:
        legend = target["legendFormat"]
        assert set(re.findall(r"{{(\w+)}}", legend)) <= grouped(target["expr"].replace("$__rate_interval", "5m"))


VARIABLES = {each["name"]: each for each in DASHBOARD["templating"]["list"] if each["type"] == "query"}


def test_every_panel_asks_for_the_cluster_the_namespace_and_the_job_that_are_chosen() -> None:
    assert list(VARIABLES) == ["cluster", "namespace", "job"]
    chosen = {(each, f"${each}") for each in VARIABLES}
    for query in (target["expr"].replace("$__rate_interval", "5m") for panel in PANELS for target in panel["targets"]):
        for selector in selectors(promql.parse(query)):
            told = {(each.name, each.value) for each in selector.matchers.matchers if each.op == promql.MatchOp.Re}
            assert chosen <= told, query


def test_a_variable_takes_its_values_from_what_is_served_where_those_before_it_are_chosen(served: Scraped) -> None:
    before: set[str] = set()
    for each, variable in VARIABLES.items():
        found = re.fullmatch(rf"label_values\((.*), {each}\)", variable["query"]["query"])
        assert found
        [selector] = selectors(promql.parse(found[1]))
        assert name(selector) in served.names()
        assert {matcher.name for matcher in selector.matchers.matchers} == before
        before.add(each)


def test_where_prometheus_adds_no_cluster_all_clusters_are_shown() -> None:
    assert VARIABLES["cluster"]["allValue"] == ".*"
    assert VARIABLES["cluster"]["current"]["value"] == ["$__all"]


def test_there_is_a_panel_or_an_alert_for_each_metric_of_ours(served: Scraped) -> None:
    asked = {name(selector) for query in QUERIES.values() for selector in selectors(promql.parse(query))}
    families = {re.sub(r"_(bucket|count|sum)$", "", each) for each in served.names() if each.startswith(METRICS_PREFIX)}
    assert families == {re.sub(r"_(bucket|count|sum)$", "", each) for each in asked if each.startswith(METRICS_PREFIX)}


def test_panels_do_not_lie_upon_each_other() -> None:
    places = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24


def selectors_in(call: promql.Call) -> Iterator[promql.VectorSelector]:
    if call.func.name in ("rate", "increase"):
        for argument in call.args:
            yield from selectors(argument)


def parts(expression: Any, kind: type[Any]) -> list[Any]:
    found: list[Any] = []
    promql.walk(expression, lambda each: found.append(each) if isinstance(each, kind) else None)
    return found


def selectors(expression: Any) -> Iterator[promql.VectorSelector]:
    yield from parts(expression, promql.VectorSelector)


def name(selector: promql.VectorSelector) -> str:
    assert selector.name
    return selector.name


def grouped(query: str) -> set[str]:
    """The labels that the results have, as far as a query says so itself."""
    aggregates = parts(promql.parse(query), promql.AggregateExpr)
    return {label for each in aggregates if each.modifier for label in each.modifier.labels}
