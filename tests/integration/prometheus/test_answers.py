"""Prometheus answers every query of the dashboard, and every part of an alert's expression, with series.

The parts of an alert are what it compares and combines: these have series also while nothing is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import promql_parser as promql
import pytest

from entrypoints.issuer import NAMESPACE
from tests.integration.deploy.manifests import DEPLOY, the_only
from tests.integration.prometheus.conftest import SERVICE, Stage
from tests.support.cluster.waiting import wait_until

SECONDS = 30
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "prometheus" / "dashboard.json").read_text())
VARIABLES: dict[str, str] = {
    each["name"]: each["query"]["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"
}
PANELS: dict[str, str] = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
}
SET_OR_COMPARISON = {"and", "or", "unless", "==", "!=", "<", "<=", ">", ">="}


def operands(expression: Any) -> Iterator[Any]:
    """What is compared and combined, numbers left out; `absent` too, which has a series only after a fault."""
    if isinstance(expression, promql.ParenExpr):
        yield from operands(expression.expr)
    elif isinstance(expression, promql.BinaryExpr) and str(expression.op) in SET_OR_COMPARISON:
        yield from operands(expression.lhs)
        yield from operands(expression.rhs)
    elif not isinstance(expression, promql.NumberLiteral) and not expression.prettify().startswith("absent("):
        yield expression


PARTS: dict[str, str] = {
    f"{rule['alert']} {number}": part.prettify()
    for group in the_only("prometheus", "PrometheusRule")["spec"]["groups"]
    for rule in group["rules"]
    for number, part in enumerate(operands(promql.parse(rule["expr"])))
}


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS.keys())
def test_a_part_of_an_alert_has_series(stage: Stage, part: str) -> None:
    assert wait_until(lambda: stage.prometheus.query(part), SECONDS, part)


@pytest.mark.parametrize("query", PANELS.values(), ids=PANELS.keys())
@pytest.mark.parametrize("several", [False, True], ids=["all", "several chosen"])
def test_a_panel_has_series(stage: Stage, query: str, several: bool) -> None:
    chosen = filled(query, {name: values(stage, name, several) for name in VARIABLES})
    assert wait_until(lambda: stage.prometheus.query(chosen), SECONDS, chosen)


def values(stage: Stage, variable: str, several: bool) -> str:
    """As Grafana writes what is chosen of a variable into a query: a regular expression."""
    found = offered(stage, variable)
    if not found:  # Prometheus adds no cluster: only All can be chosen
        return ".*"
    return f"({'|'.join(re.escape(each).replace('-', '-') for each in [*found, *(['other'] * several)])})"


def offered(stage: Stage, variable: str) -> list[str]:
    """What Grafana offers for a variable; those before it are All."""
    query = re.fullmatch(rf"label_values\((.*), {variable}\)", VARIABLES[variable])
    assert query
    return stage.prometheus.values(variable, filled(query[1], dict.fromkeys(VARIABLES, ".*")))


def filled(query: str, chosen: Mapping[str, str]) -> str:
    for name, value in {"__rate_interval": "1m", **chosen}.items():
        query = query.replace(f"${name}", value.replace("\\", "\\\\"))
    assert "$" not in query
    return query


def test_the_variables_offer_what_there_is(stage: Stage) -> None:
    assert {name: offered(stage, name) for name in VARIABLES} == {
        "cluster": [],
        "namespace": [NAMESPACE],
        "job": [SERVICE],
    }


def test_a_panel_of_another_namespace_is_empty(stage: Stage) -> None:
    chosen = dict.fromkeys(VARIABLES, ".*") | {"namespace": "other"}
    assert [name for name, query in PANELS.items() if stage.prometheus.query(filled(query, chosen))] == []
