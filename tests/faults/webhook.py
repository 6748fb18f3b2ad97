"""An admission webhook at which nobody listens."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.api_server import ApiServer, KubectlFailed
from tests.cluster.waiting import wait_until
from tests.faults.conftest import Stage
from tests.faults.load import SECONDS


@contextmanager
def broken_webhook(stage: Stage) -> Iterator[None]:
    """For the statuses of requests in this namespace that hold a certificate; all are issued before it is there."""
    name = f"broken.{stage.load.objects.namespace}.example.com"
    server = stage.deployed.server
    [probe] = stage.load.put(1)
    stage.load.converge(time.monotonic())
    server.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_webhook(name, stage)))
    try:
        wait_until(lambda: _is_refused(server, probe, stage), SECONDS, "the webhook is asked")
        yield
    finally:
        server.kubectl("delete", "validatingwebhookconfiguration", name, "--ignore-not-found")


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
