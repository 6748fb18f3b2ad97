"""The dashboard is read by Grafana's own types, made from its schema: nothing is unknown, missing or out of bounds.

Skipped without Go, and with REQUIRE_CLUSTER=1 a failure. It is not Grafana: whether a panel is drawn is not tested.
"""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.deploy.manifests import DEPLOY
from tests.support.cluster.fixtures import built
from tests.support.programs import DASHBOARD_READER

DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "prometheus" / "dashboard.json").read_text())
PANEL = next(place for place, each in enumerate(DASHBOARD["panels"]) if each["type"] != "row")


@pytest.fixture(scope="module")
def reader(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "dashboard-reader", DASHBOARD_READER.ensure, "install Go")


def faults(reader: Path, dashboard: dict[str, Any]) -> list[str]:
    done = subprocess.run([reader], input=json.dumps(dashboard), capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.splitlines()
    return [f"{path} is ignored" for path in lost(dashboard, json.loads(done.stdout))]


def lost(written: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where what was read lacks or differs from what was written; an empty list may be left out."""
    if isinstance(written, dict):
        for name, value in written.items():
            yield from lost(value, read.get(name, [] if value == [] else None), f"{path}/{name}")
    elif isinstance(written, list):
        for place, value in enumerate(written):
            yield from lost(value, read[place], f"{path}/{place}")
    elif written != read:
        yield path


def test_it_is_as_grafana_has_it(reader: Path) -> None:
    assert faults(reader, DASHBOARD) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda dashboard: dashboard.update(tittle="a"), "unexpected field 'tittle'"),
        (lambda dashboard: dashboard.pop("templating"), "templating: required field is missing"),
        (lambda dashboard: dashboard["panels"][PANEL].update(kind="a"), "unexpected field 'kind'"),
        (lambda dashboard: dashboard["panels"][PANEL]["gridPos"].update(w=25), "gridPos.w: must be <= 24"),
        (lambda dashboard: dashboard["panels"][PANEL]["targets"][0].update(expr=1), "expr: json: cannot unmarshal"),
        (lambda dashboard: dashboard["panels"][PANEL]["targets"][0].update(query="a"), "unexpected field 'query'"),
        (lambda dashboard: dashboard["panels"][PANEL]["fieldConfig"]["defaults"].update(units="s"), "units is ignored"),
    ],
)
def test_a_fault_is_found(reader: Path, change: Callable[[dict[str, Any]], object], words: str) -> None:
    changed = copy.deepcopy(DASHBOARD)
    change(changed)
    assert words in "\n".join(faults(reader, changed))
