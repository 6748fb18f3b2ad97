"""Status writes that fail: the certificate stays in hand, the write is tried again, and the CA is not asked again."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.api_server import ApiServer, KubectlFailed
from tests.cluster.waiting import wait_until
from tests.faults.conftest import Stage
from tests.faults.load import SECONDS
from tests.faults.proxy import Answer, lost_answer, status, writes_certificate

REFUSALS = {
    "429 with Retry-After": status(429, "TooManyRequests", retry_after=2),
    "429": status(429, "TooManyRequests"),
    "500": status(500, "InternalError"),
    "503": status(503, "ServiceUnavailable"),
    "403, as of a webhook that denies": status(403, "Forbidden"),
    "written, but the answer lost": lost_answer,
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
def test_a_write_that_is_refused(stage: Stage, answer: Answer, request: pytest.FixtureRequest) -> None:
    begun = time.monotonic()
    refused = stage.proxy.fail(writes_certificate, answer, times=12)
    stage.load.put(10)
    stage.converged(f"status writes: {request.node.callspec.id}", begun)
    assert refused.taken == 12


@pytest.fixture
def broken_webhook(stage: Stage) -> Iterator[str]:
    """An admission webhook, for the statuses of requests in this namespace, at which nobody listens."""
    name = f"broken.{stage.load.objects.namespace}.example.com"
    server = stage.deployed.server
    [probe] = stage.load.put(1)
    stage.load.converge(time.monotonic())
    server.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_webhook(name, stage)))
    wait_until(lambda: _is_refused(server, probe, stage), SECONDS, "the webhook is asked")
    yield name
    server.kubectl("delete", "validatingwebhookconfiguration", name, "--ignore-not-found")


def test_a_write_that_a_broken_admission_webhook_refuses(stage: Stage, broken_webhook: str) -> None:
    begun = time.monotonic()
    stage.load.put(10)
    stage.says("failed calling webhook", times=10)
    assert len(stage.ca.signed) == len(stage.load.names)
    stage.deployed.server.kubectl("delete", "validatingwebhookconfiguration", broken_webhook)
    stage.converged("status writes: a broken admission webhook", begun)


def _webhook(name: str, stage: Stage) -> dict[str, Any]:
    rule = {
        "apiGroups": ["cert-manager.io"],
        "apiVersions": ["v1"],
        "operations": ["UPDATE"],
        "resources": ["certificaterequests/status"],
    }
    answers = "has(object.status.certificate)"  # approvals pass
    hook = {
        "name": name,
        "rules": [rule],
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 1,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.load.objects.namespace}},
        "matchConditions": [{"name": "answers-alone", "expression": answers}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }


def _is_refused(server: ApiServer, request: str, stage: Stage) -> bool:
    try:
        server.kubectl(
            "patch",
            "certificaterequest",
            request,
            f"--namespace={stage.load.objects.namespace}",
            "--subresource=status",
            "--type=merge",
            "--dry-run=server",
            '--patch={"status":{"failureTime":"2026-01-01T00:00:00Z"}}',
        )
    except KubectlFailed as refusal:
        return "failed calling webhook" in str(refusal)
    return False
