"""Status writes that fail: the certificate stays in hand, the write is tried again, and the CA is not asked again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.conftest import Stage
from tests.faults.proxy import Answer, lost_answer, status, writes_certificate
from tests.faults.webhook import broken_webhook, denying_webhook
from tests.support.cluster.fixtures import required
from tests.support.cluster.webhook import wait_until_it_answers

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


@pytest.mark.parametrize("code", [0, 403, 404, 409, 422, 500])
def test_a_write_that_an_admission_webhook_denies(stage: Stage, code: int, tmp_path: Path) -> None:
    result = {"message": "no certificates\non Fridays", "code": code}
    with denying_webhook(stage, result, tmp_path):
        begun = time.monotonic()
        for name in stage.load.put(2):
            told = stage.load.objects.wait_for_event("CertificateRequest", name, "StatusRefused")
            assert "denied the request: no certificates\\non Fridays" in told["note"]
            assert stage.load.objects.condition("certificaterequest", name) == {}
        assert len(stage.ca.signed) == len(stage.load.names)
    stage.converged(f"status writes: denied by a webhook with code {code}", begun)


def test_a_write_that_a_broken_admission_webhook_refuses(stage: Stage) -> None:
    with broken_webhook(stage):
        begun = time.monotonic()
        stage.load.put(10)
        stage.says("failed calling webhook", times=10)
        assert len(stage.ca.signed) == len(stage.load.names)
    stage.converged("status writes: a broken admission webhook", begun)


def test_cert_managers_webhook_is_down(stage: Stage) -> None:
    """The requests are approved by then: while it is down, nobody can make or approve any."""
    webhook = required(stage.webhook, "cert-manager's webhook")
    os.kill(stage.manager.process.pid, signal.SIGSTOP)
    stage.load.put(10)
    webhook.stop()
    try:
        begun = time.monotonic()
        os.kill(stage.manager.process.pid, signal.SIGCONT)
        stage.says('failed calling webhook "webhook.cert-manager.io"', times=10)
        assert len(stage.ca.signed) == len(stage.load.names)
    finally:
        webhook.start()
    wait_until_it_answers(stage.deployed.server, webhook)
    stage.converged("status writes: cert-manager's webhook is down", begun)
