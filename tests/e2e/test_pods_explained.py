"""What `explain` and the metrics say of pods' requests, from what kubectl and the manager really print."""

from __future__ import annotations

import subprocess
import sys

import pytest

from domain.model import POD_CERTIFICATE_REQUEST
from domain.reasons import RequestReason
from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager
from tests.e2e.objects import SECONDS
from tests.e2e.pods import KIND, Node
from tests.e2e.test_metrics import scraped, tokens
from tests.support.cluster.waiting import wait_until

__all__ = ["tokens"]  # the fixture
pytestmark = pytest.mark.usefixtures("manager")


def explained(node: Node, *what: str) -> str:
    printed = node.objects.server.kubectl("get", *what, f"--namespace={node.objects.namespace}", "--output=yaml")
    program = [sys.executable, "-m", "entrypoints.cli", "explain", "-"]
    return " ".join(subprocess.run(program, input=printed, capture_output=True, text=True, check=True).stdout.split())


def test_a_request_that_waits_is_explained_by_its_events_and_those_of_its_pod(node: Node) -> None:
    namespace = node.objects.namespace
    node.run(namespace)
    node.ask(namespace)
    for kind in ("Pod", POD_CERTIFICATE_REQUEST):
        node.objects.wait_for_event(kind, "app", "Pending")
    assert f"kubectl get events --namespace={namespace} --output=yaml | " in explained(node, KIND, "app")
    events = explained(node, "events")
    for about in ("Pod", POD_CERTIFICATE_REQUEST):
        assert f"Event about {about} {namespace}/app Pending (Normal) message: Waiting for the issuer: " in events
    assert f"decided by: {RequestReason.WAITING.value.rule}" in events


def test_an_answer_is_explained(node: Node) -> None:
    issuer = node.issuer(serviceAccounts=[f"{node.objects.namespace}/app"])
    node.run(issuer)
    node.run(issuer, "other", account="other")
    node.ask(issuer)
    node.ask(issuer, pod="other")
    node.answered("Issued", "Issued")
    node.answered("Denied", "ServiceAccountNotAllowed", "other")
    assert "Issued=True, reason Issued message: Signed means: " in explained(node, KIND, "app")
    denied = explained(node, KIND, "other")
    assert "Denied=True, reason ServiceAccountNotAllowed message: " in denied
    assert f"what to do: {RequestReason.SERVICE_ACCOUNT_NOT_ALLOWED.value.remedy}" in denied


def test_answers_are_counted_as_those_of_pods(node: Node, manager: Manager, tokens: dict[str, str]) -> None:
    def counted(outcome: str, issuer_kind: str = NAMES.cluster_issuer) -> float | None:
        labels = {"request_kind": POD_CERTIFICATE_REQUEST, "issuer_kind": issuer_kind, "outcome": outcome}
        return scraped(manager, tokens).get("requests_total", **labels)

    before = counted("issued") or 0, counted("denied", "Unknown") or 0
    issuer, nobody = node.issuer(), f"{NAMES.issuers}.{NAMES.group}/{node.objects.namespace}.issuer"
    node.run(issuer)
    node.run(nobody, "other", account="other")
    node.ask(issuer)
    node.ask(nobody, pod="other")

    def after() -> bool:
        return (counted("issued"), counted("denied", "Unknown")) == (before[0] + 1, before[1] + 1)

    wait_until(after, SECONDS, "one more is issued, and one more denied")


def test_a_request_that_waits_has_an_age(node: Node, manager: Manager, tokens: dict[str, str]) -> None:
    node.run(node.objects.namespace)
    node.ask(node.objects.namespace)
    labels = {"request_kind": POD_CERTIFICATE_REQUEST, "issuer_kind": NAMES.cluster_issuer}

    def has_age() -> bool:
        found = scraped(manager, tokens)
        age = found.get("oldest_waiting_request_age_seconds", **labels)
        return bool(found.get("waiting_requests", **labels)) and age is not None and age > 0

    wait_until(has_age, SECONDS, "the age of the request is shown")
