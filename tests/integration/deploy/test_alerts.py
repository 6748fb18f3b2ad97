"""The alerts by promtool, Prometheus' own: that it takes them, when some fire, and when they do not.

Skipped without promtool and apt-get, and with REQUIRE_CLUSTER=1 a failure.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.issuer import METRICS_PREFIX, NAMES
from tests.integration.deploy.manifests import the_only
from tests.support import promtool
from tests.support.cluster.fixtures import built

SPEC: dict[str, Any] = the_only("prometheus", "PrometheusRule")["spec"]
PREFIX = "".join(part.capitalize() for part in NAMES.controller.split("-"))
LEADER, STANDBY = "leader{pod='a'}", "leader{pod='b'}"
FAILED = f"requests_total{{issuer_kind='{NAMES.issuer}',outcome='failed'}}"
ISSUED = f"requests_total{{issuer_kind='{NAMES.issuer}',outcome='issued'}}"


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "promtool", promtool.ensure, "install Prometheus' promtool")


def run(program: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "rules.yaml").write_text(yaml.safe_dump(SPEC))
    return subprocess.run([program, *arguments], cwd=directory, capture_output=True, text=True, check=False)


def fires(program: Path, directory: Path, alert: str, series: dict[str, str]) -> bool:
    """Whether it does in minute 90, given what Prometheus scraped each minute. promtool is told that it does not."""
    test = {
        "interval": "1m",
        "input_series": [{"series": f"{METRICS_PREFIX}_{name}", "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f'count(ALERTS{{alertname="{PREFIX}{alert}",alertstate="firing"}}) or vector(0)',
                "eval_time": "90m",
                "exp_samples": [{"labels": "{}", "value": 0}],
            }
        ],
    }
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]}
    (directory / "test.yaml").write_text(yaml.safe_dump(document))
    done = run(program, directory, "test", "rules", "test.yaml")
    assert done.returncode == 0 or re.search(r"got:.*[1-9]", done.stdout + done.stderr), done.stderr
    return done.returncode != 0


def test_promtool_takes_the_rules(program: Path, tmp_path: Path) -> None:
    done = run(program, tmp_path, "check", "rules", "rules.yaml")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("alert", "series"),
    [
        pytest.param("NoLeader", {LEADER: "0x90", STANDBY: "0x90"}, id="no replica leads"),
        pytest.param("NoLeader", {}, id="nothing is scraped"),
        pytest.param("TwoLeaders", {LEADER: "1x90", STANDBY: "1x90"}, id="two replicas lead"),
        pytest.param("RequestsFail", {FAILED: "0+1x90", ISSUED: "0+1x90"}, id="half of many requests fail"),
        pytest.param("Forbidden", {"api_requests_total{verb='get',resource='secrets',code='403'}": "0+1x90"}, id="403"),
    ],
)
def test_it_fires(program: Path, tmp_path: Path, alert: str, series: dict[str, str]) -> None:
    assert fires(program, tmp_path, alert, series)


@pytest.mark.parametrize(
    ("alert", "series"),
    [
        pytest.param("NoLeader", {LEADER: "1x90", STANDBY: "0x90"}, id="one replica leads"),
        pytest.param("TwoLeaders", {LEADER: "1x90", STANDBY: "0x90"}, id="one leads, one stands by"),
        pytest.param("TwoLeaders", {LEADER: "1x89 0", STANDBY: "0x88 1 1"}, id="a moment of a handover"),
        pytest.param("RequestsFail", {FAILED: "0x65 1x24", ISSUED: "0x90"}, id="one bad request in an idle cluster"),
        pytest.param("RequestsFail", {FAILED: "0+1x90", ISSUED: "0+9x90"}, id="a tenth of many requests fail"),
    ],
)
def test_it_does_not_fire(program: Path, tmp_path: Path, alert: str, series: dict[str, str]) -> None:
    assert not fires(program, tmp_path, alert, series)
