"""The alerts by promtool, Prometheus' own: that it takes them, when each fires, and when it does not.

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

SPEC: dict[str, Any] = the_only("prometheus", "PrometheusRule")["spec"]
PREFIX = "".join(part.capitalize() for part in NAMES.controller.split("-"))
LEADER, STANDBY = "leader{pod='a'}", "leader{pod='b'}"
KIND = f"request_kind='CertificateRequest',issuer_kind='{NAMES.issuer}'"
POD = f"request_kind='PodCertificateRequest',issuer_kind='{NAMES.cluster_issuer}'"
FAILED, ISSUED, DENIED = (f"requests_total{{{KIND},outcome='{outcome}'}}" for outcome in ("failed", "issued", "denied"))
POD_FAILED, POD_ISSUED, POD_DENIED = (each.replace(KIND, POD) for each in (FAILED, ISSUED, DENIED))
ISSUER = f"{{issuer_kind='{NAMES.issuer}',issuer_namespace='team-a',issuer_name='ca'}}"
READY, CHECKED = f"issuer_ready{ISSUER}", f"issuer_last_check_timestamp_seconds{ISSUER}"
EXPIRES = f"ca_certificate_expiration_timestamp_seconds{ISSUER}"
OLDEST = f"oldest_waiting_request_age_seconds{{{KIND}}}"
POD_OLDEST = OLDEST.replace(KIND, POD)
UP_TO_15_MINUTES = " ".join(str((minute + 8) % 16 * 60) for minute in range(91))
CALLS, NO_ANSWER = (f"api_requests_total{{verb='get',resource='secrets',code='{code}'}}" for code in ("200", "none"))
FORBIDDEN = "api_requests_total{verb='get',resource='secrets',code='403'}"
CUT, ENDED = (f"watch_restarts_total{{kind='Secret',cause='{cause}'}}" for cause in ("failed", "ended"))
TENANT = "tenant_waiting_objects{work='requests',tenant='team-a'}"
WITHIN_1, WITHIN_30, WITHIN_60, ALL = (f"queue_latency_seconds_bucket{{le='{le}'}}" for le in ("1", "30", "60", "+Inf"))

FIRES: list[tuple[str, str, dict[str, str]]] = [
    ("NoLeader", "no replica leads", {LEADER: "0x90", STANDBY: "0x90"}),
    ("NoLeader", "nothing is scraped", {}),
    ("TwoLeaders", "two replicas lead", {LEADER: "1x90", STANDBY: "1x90"}),
    ("NotReady", "for 20 minutes", {READY: "1x70 0x19"}),
    ("NotChecked", "never in 90 minutes", {READY: "1x90", CHECKED: "0x90"}),
    ("RequestsWait", "since the beginning", {OLDEST: "0+60x90"}),
    ("PodsWait", "for 10 minutes", {POD_OLDEST: "0x79 0+60x10"}),
    ("PodsWait", "again and again, since Kubernetes deletes the requests", {POD_OLDEST: UP_TO_15_MINUTES}),
    ("PodsDenied", "three since half an hour", {POD_DENIED: "0x60 3x29", POD_ISSUED: "0+9x90"}),
    ("PodsDenied", "three failed", {POD_FAILED: "0x60 3x29"}),
    ("RequestsFail", "most requests of pods fail", {POD_FAILED: "0+1x90", ISSUED: "0+99x90"}),
    ("CAExpiresSoon", "in less than a month", {EXPIRES: f"{29 * 86400}x90"}),
    ("RequestsFail", "half of many requests fail", {FAILED: "0+1x90", ISSUED: "0+1x90"}),
    ("APIErrors", "a fifth of the calls has no answer", {CALLS: "0+4x90", NO_ANSWER: "0+1x90"}),
    ("Forbidden", "403", {FORBIDDEN: "0+1x90"}),
    ("WatchesRestart", "twice a minute", {CUT: "0+2x90"}),
    ("TenantAtItsLimit", "for 20 minutes", {TENANT: "0x70 3x19"}),
    ("QueueSlow", "longer than half a minute", {WITHIN_30: "0x90", WITHIN_60: "0+9x90", ALL: "0+9x90"}),
]
DOES_NOT: list[tuple[str, str, dict[str, str]]] = [
    ("NoLeader", "one replica leads", {LEADER: "1x90", STANDBY: "0x90"}),
    ("TwoLeaders", "one leads, one stands by", {LEADER: "1x90", STANDBY: "0x90"}),
    ("TwoLeaders", "a moment of a handover", {LEADER: "1x89 0", STANDBY: "0x88 1 1"}),
    ("NotReady", "for 10 minutes", {READY: "1x80 0x9"}),
    ("NotChecked", "checked every minute", {READY: "1x90", CHECKED: "0+60x90"}),
    ("NotChecked", "not Ready, which has its own alert", {READY: "0x90", CHECKED: "0x90"}),
    ("RequestsWait", "each for a minute", {OLDEST: "60x90"}),
    ("PodsWait", "each for a minute", {POD_OLDEST: "60x90"}),
    ("PodsWait", "for 4 minutes", {POD_OLDEST: "0x85 60+60x4"}),
    ("PodsWait", "requests for other certificates", {OLDEST: "0+60x90"}),
    ("PodsDenied", "two", {POD_DENIED: "0x60 1x9 2x19", POD_ISSUED: "0x90"}),
    ("PodsDenied", "many are issued", {POD_ISSUED: "0+9x90"}),
    ("PodsDenied", "three, some hours ago", {POD_DENIED: "0x9 3x80"}),
    ("PodsDenied", "many that an approver denied", {DENIED: "0+9x90"}),
    ("CAExpiresSoon", "in more than a month", {EXPIRES: f"{31 * 86400}x90"}),
    ("RequestsFail", "one bad request in an idle cluster", {FAILED: "0x65 1x24", ISSUED: "0x90"}),
    ("RequestsFail", "a tenth of many requests fail", {FAILED: "0+1x90", ISSUED: "0+9x90"}),
    ("APIErrors", "a twentieth of the calls has no answer", {CALLS: "0+19x90", NO_ANSWER: "0+1x90"}),
    ("Forbidden", "once, an hour ago", {FORBIDDEN: "0x20 1x69"}),
    ("WatchesRestart", "once in two minutes", {CUT: " ".join(str(minute // 2) for minute in range(91))}),
    ("WatchesRestart", "ended by the API server", {ENDED: "0+2x90"}),
    ("TenantAtItsLimit", "for 10 minutes", {TENANT: "0x80 3x9"}),
    ("QueueSlow", "less than a second", {WITHIN_1: "0+9x90", WITHIN_30: "0+9x90", ALL: "0+9x90"}),
]


def said(table: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    return [f"{alert}: {why}" for alert, why, _ in table]


def run(promtool: Path, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (directory / "rules.yaml").write_text(yaml.safe_dump(SPEC))
    return subprocess.run([promtool, *arguments], cwd=directory, capture_output=True, text=True, check=False)


def fires(promtool: Path, directory: Path, alert: str, series: dict[str, str]) -> bool:
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
    done = run(promtool, directory, "test", "rules", "test.yaml")
    assert done.returncode == 0 or re.search(r"got:.*[1-9]", done.stdout + done.stderr), done.stderr
    return done.returncode != 0


def test_promtool_takes_the_rules(promtool: Path, tmp_path: Path) -> None:
    done = run(promtool, tmp_path, "check", "rules", "rules.yaml")

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("alert", "series"), [(alert, series) for alert, _, series in FIRES], ids=said(FIRES))
def test_it_fires(promtool: Path, tmp_path: Path, alert: str, series: dict[str, str]) -> None:
    assert fires(promtool, tmp_path, alert, series)


@pytest.mark.parametrize(("alert", "series"), [(alert, series) for alert, _, series in DOES_NOT], ids=said(DOES_NOT))
def test_it_does_not_fire(promtool: Path, tmp_path: Path, alert: str, series: dict[str, str]) -> None:
    assert not fires(promtool, tmp_path, alert, series)


def test_each_alert_is_in_both_tables() -> None:
    alerts = {rule["alert"].removeprefix(PREFIX) for group in SPEC["groups"] for rule in group["rules"]}
    assert [{alert for alert, *_ in table} for table in (FIRES, DOES_NOT)] == [alerts, alerts]
