"""A real Prometheus scrapes both managers with what the chart's ServiceMonitor says, as the operator translates it."""

from __future__ import annotations

import base64
import json
import re

import pytest

from entrypoints.issuer import METRICS_PREFIX, NAMES, NAMESPACE
from tests.integration.deploy.chart import CHART, set_by
from tests.integration.prometheus.conftest import (
    BY_DEFAULT,
    LEADER,
    MONITOR,
    NO_TOKEN,
    OTHER_NAME,
    SECOND,
    SERVICE,
    STRANGER,
    Stage,
)

BOTH = {LEADER, SECOND}
NOBODY = f"system:serviceaccount:{NAMESPACE}:default"


@pytest.mark.parametrize("pool", [MONITOR, BY_DEFAULT])
def test_both_replicas_are_scraped(stage: Stage, pool: str) -> None:
    scrapes = stage.prometheus.scrapes(pool)
    assert [each["lastError"] for each in scrapes] == [""] * 2
    assert {each["labels"]["pod"] for each in scrapes} == BOTH


def test_a_series_says_where_it_is_from(stage: Stage) -> None:
    found = stage.prometheus.query(f"{METRICS_PREFIX}_build_info")
    assert {(each["metric"]["namespace"], each["metric"]["job"]) for each in found} == {(NAMESPACE, SERVICE)}
    assert {each["metric"]["pod"] for each in found} == BOTH


@pytest.mark.parametrize(
    ("pool", "words"),
    [
        (NO_TOKEN, "server returned HTTP status 401 Unauthorized"),
        (STRANGER, "server returned HTTP status 403 Forbidden"),
        (OTHER_NAME, f"x509: certificate is valid for {SERVICE}.{NAMESPACE}.svc, not elsewhere.example.com"),
    ],
)
def test_without_one_of_them_nothing_is_scraped(stage: Stage, pool: str, words: str) -> None:
    scrapes = stage.prometheus.scrapes(pool)
    assert len(scrapes) == 2
    assert [each["lastError"] for each in scrapes if not each["lastError"].endswith(words)] == []


def test_the_certificate_is_verified_if_the_chart_knows_one(stage: Stage) -> None:
    assert stage.scrape["tls_config"] == {"insecure_skip_verify": True}
    assert not stage.verified["tls_config"].get("insecure_skip_verify")


def test_the_token_may_read_the_metrics_and_nothing_else(stage: Stage) -> None:
    claims = stage.scrape["authorization"]["credentials"].split(".")[1]
    account = json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"]
    assert account == f"system:serviceaccount:{NAMESPACE}:{NAMES.controller}-metrics-reader"

    rights = {
        each: stage.objects.server.kubectl("auth", "can-i", "--list", f"--as={each}") for each in (account, NOBODY)
    }
    more = set(rights[account].splitlines()) - set(rights[NOBODY].splitlines())
    assert [re.findall(r"\[[^]]*\]", line) for line in more] == [["[/metrics]", "[]", "[get]"]]


def test_the_notes_say_by_which_labels_prometheus_finds_it(stage: Stage) -> None:
    settings = set_by(["prometheus.enabled=true", 'fullnameOverride="noted"', "crds.enabled=false"])
    arguments = "--namespace=noted", "--create-namespace", "--dry-run=server", *settings
    notes = stage.helm("install", "noted", CHART, *arguments, kubeconfig=stage.objects.server.kubeconfig)
    assert "have the label release=kube-prometheus-stack." in notes
    assert "the Secret noted-metrics-reader-token" in notes
    command = re.search(r"kubectl (get prometheuses .*)", notes)
    assert command
    assert "release:kube-prometheus-stack" in stage.objects.server.kubectl(*command[1].split())
