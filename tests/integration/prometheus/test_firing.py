"""Prometheus fires the alerts of a broken issuer, by the rules as the operator takes them from the chart.

Here no alert waits (`impatient`). How long each waits, and the alerts for which a test would take an hour, are
tested by promtool in tests/integration/deploy/test_alerts.py.
"""

from __future__ import annotations

import pytest

from entrypoints.issuer import NAMES
from tests.integration.prometheus.conftest import SECOND, Stage
from tests.integration.prometheus.scene import BROKEN, ELECTING, ENDING, FORBIDDEN, restarted, start
from tests.support.cluster.waiting import wait_until

SECONDS = 60
PREFIX = "".join(part.capitalize() for part in NAMES.controller.split("-"))


def wait_for(stage: Stage, alert: str, **labels: str) -> None:
    """Until an alert fires that has these labels."""

    def fires() -> bool:
        return any(labels.items() <= each.items() for each in stage.prometheus.firing().get(f"{PREFIX}{alert}", ()))

    wait_until(fires, SECONDS, f"{alert} fires for {labels}")


@pytest.mark.parametrize(
    ("alert", "labels"),
    [
        ("NotReady", {"issuer_name": BROKEN}),
        ("CAExpiresSoon", {"issuer_name": ENDING}),
        ("RequestsWait", {"issuer_kind": NAMES.issuer}),
        ("RequestsFail", {"issuer_kind": NAMES.issuer}),
    ],
)
def test_it_fires_on_what_is_broken(stage: Stage, alert: str, labels: dict[str, str]) -> None:
    wait_for(stage, alert, severity="warning", **labels)


@pytest.mark.parametrize("alert", ["NoLeader", "TwoLeaders", "NotChecked", "TenantAtItsLimit", "QueueSlow"])
def test_it_does_not_fire_on_what_works(stage: Stage, alert: str) -> None:
    wait_for(stage, "NotReady")  # the rules have been evaluated
    assert f"{PREFIX}{alert}" not in stage.prometheus.firing()


def test_only_the_issuer_that_is_broken_is_not_ready(stage: Stage) -> None:
    wait_for(stage, "NotReady")
    assert {each["issuer_name"] for each in stage.prometheus.firing()[f"{PREFIX}NotReady"]} == {BROKEN}


def test_two_leaders(stage: Stage) -> None:
    with restarted(stage.managers[SECOND]):
        wait_for(stage, "TwoLeaders", severity="critical")


def test_a_right_that_is_missing(stage: Stage) -> None:
    with restarted(stage.managers[SECOND], *FORBIDDEN):
        wait_for(stage, "Forbidden", resource="leases")


def test_nobody_leads_or_is_there(stage: Stage) -> None:
    for manager in stage.managers.values():
        manager.process.stop()
    try:
        wait_for(stage, "NoLeader", severity="critical")
    finally:
        for manager in stage.managers.values():
            start(manager, *ELECTING)
    wait_until(lambda: f"{PREFIX}NoLeader" not in stage.prometheus.firing(), SECONDS, "NoLeader is over")
