"""Admission webhooks for the statuses of requests that hold a certificate: one that is down, one that denies."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.faults.conftest import Stage
from tests.faults.load import SECONDS
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.waiting import wait_until
from tests.support.remote import https
from tests.support.remote.relay import in_background


@contextmanager
def broken_webhook(stage: Stage) -> Iterator[None]:
    """Nobody listens there."""
    with _webhook(stage, {"url": "https://127.0.0.1:1/"}, "failed calling webhook"):
        yield


@contextmanager
def denying_webhook(stage: Stage, result: dict[str, Any], directory: Path) -> Iterator[None]:
    """Denies with this Status."""

    async def deny(request: web.Request) -> web.Response:
        review = await request.json()
        review["response"] = {"uid": review["request"]["uid"], "allowed": False, "status": result}
        response = web.json_response(review)
        response.force_close()  # else the API server keeps the connection, and nobody is left to close it
        return response

    with in_background(https.serving(directory, deny)) as server:
        client = {"url": server.url, "caBundle": base64.b64encode(https.ROOT.pem).decode()}
        with _webhook(stage, client, "denied the request"):
            yield


@contextmanager
def _webhook(stage: Stage, client: dict[str, str], says: str) -> Iterator[None]:
    """For requests in this namespace, all of which are issued before; `says` is in the API server's refusal."""
    name = f"webhook.{stage.load.objects.namespace}.example.com"
    server = stage.deployed.server
    [probe] = stage.load.put(1)
    stage.load.converge(time.monotonic())
    server.kubectl("apply", "--server-side", "--filename=-", stdin=json.dumps(_configuration(name, stage, client)))
    try:
        wait_until(lambda: says in _refusal(server, probe, stage), SECONDS, "the webhook is asked")
        yield
    finally:
        server.kubectl("delete", "validatingwebhookconfiguration", name, "--ignore-not-found")


def _configuration(name: str, stage: Stage, client: dict[str, str]) -> dict[str, Any]:
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
        "clientConfig": client,
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "timeoutSeconds": 5,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": stage.load.objects.namespace}},
        "matchConditions": [{"name": "answers-alone", "expression": answers}],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": name},
        "webhooks": [hook],
    }


def _refusal(server: ApiServer, request: str, stage: Stage) -> str:
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
        return str(refusal)
    return ""
