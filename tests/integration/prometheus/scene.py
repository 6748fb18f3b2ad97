"""What metrics tell of: requests issued, refused and waiting, a broken issuer, a CA that ends, connections lost."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.model import CERTIFICATE_REQUEST
from entrypoints.issuer import METRICS_PREFIX
from tests.e2e.conftest import Manager
from tests.e2e.objects import Objects
from tests.integration.prometheus.server import Prometheus
from tests.support import pki
from tests.support.cluster.waiting import wait_until
from tests.support.remote.relay import Relay

SECONDS = 60
READY, BROKEN, ENDING = "ready", "broken", "ending"
WEAK = pki.csr(pki.key("rsa1024"))
REFUSED = 8


ELECTING = ("--leader-elect",)
FORBIDDEN = (*ELECTING, "--leader-election-namespace=default")  # its Role is in its own namespace


def start(manager: Manager, *flags: str) -> None:
    """Returns when it is ready."""
    manager.process.start(*flags)

    def is_ready() -> bool:
        manager.process.check()
        return manager.probe("/readyz") == 200

    wait_until(is_ready, SECONDS, "the manager is ready")


@contextmanager
def restarted(manager: Manager, *flags: str) -> Iterator[None]:
    """With these flags, and afterwards as it was."""
    manager.process.stop()
    try:
        start(manager, *flags)
        yield
    finally:
        manager.process.stop()
        start(manager, *ELECTING)


def play(objects: Objects, prometheus: Prometheus, second: Manager, relay: Relay) -> None:
    """Returns when Prometheus has seen all of it."""
    ending = pki.authority("Ending", lasts=timedelta(days=10))
    objects.apply(
        objects.secret(),
        objects.issuer(READY),
        objects.issuer(BROKEN, "missing"),
        objects.secret("ca", **{"tls.crt": ending.pem.decode(), "tls.key": ending.key_pem.decode()}),
        objects.issuer(ENDING, "ca", ca={}),
        objects.request("issued", pki.csr(), READY),
        objects.request("waiting", pki.csr(), BROKEN),
    )
    objects.approve("issued")
    _approve_long_ago(objects, "waiting")
    objects.wait_for_reason(CERTIFICATE_REQUEST, "issued", "Issued")
    _refuse(objects, prometheus, 1)  # before the others, since Prometheus counts from what it saw first
    _refuse(objects, prometheus, REFUSED)
    _lose_connections(prometheus, relay)
    with restarted(second, *FORBIDDEN):
        wait_until(lambda: counted(prometheus, 'api_requests_total{code="403"}') > 1, SECONDS, "a right is missing")


def counted(prometheus: Prometheus, expression: str) -> float:
    """The one number; 0 where there is no series."""
    found = prometheus.query(f"sum({METRICS_PREFIX}_{expression})")
    return float(found[0]["value"][1]) if found else 0.0


def _refuse(objects: Objects, prometheus: Prometheus, number: int) -> None:
    failed = 'requests_total{outcome="failed"}'
    before = counted(prometheus, failed)
    names = [f"refused-{number}-{each}" for each in range(number)]
    objects.apply(*(objects.request(name, WEAK, READY) for name in names))
    objects.approve(*names)
    wait_until(lambda: counted(prometheus, failed) == before + number, SECONDS, f"{number} more requests have failed")


def _lose_connections(prometheus: Prometheus, relay: Relay) -> None:
    """In the middle of calls, which then have no answer: by turns a second is lost, and in one all works.

    If connections were cut all the time, the leader would lose its Lease, and end.
    """
    turn, blocked = time.monotonic(), False

    def lost() -> bool:
        nonlocal turn, blocked
        if time.monotonic() > turn + 1:
            turn, blocked = time.monotonic(), not blocked
            if blocked:
                relay.block()
            else:
                relay.cut()
                relay.open()
        return not blocked and all(
            counted(prometheus, each)
            for each in ('api_requests_total{code="none"}', 'watch_restarts_total{cause!="ended"}')
        )

    wait_until(lost, SECONDS, "calls have no answer and watches restart")


def _approve_long_ago(objects: Objects, name: str) -> None:
    approved: dict[str, Any] = {
        "type": "Approved",
        "status": "True",
        "reason": "Test",
        "message": "approved by a test",
        "lastTransitionTime": (datetime.now(UTC) - timedelta(minutes=40)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    patch = json.dumps({"status": {"conditions": [approved]}})
    where = f"--namespace={objects.namespace}", "--subresource=status"
    objects.server.kubectl("patch", CERTIFICATE_REQUEST, name, *where, "--type=merge", f"--patch={patch}")
