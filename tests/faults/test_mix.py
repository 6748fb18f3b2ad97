"""A random mix of all faults, from a seed: the same seed makes the same faults in the same order.

Faults come and go while requests come in, each fault once, beside a tenant whose CA never answers; in the end all is as
if nothing had been. The CA may have been asked twice only for what was being written when the manager was killed.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.objects import Objects
from tests.faults.conftest import Stage
from tests.faults.etcd import compact
from tests.faults.load import SECONDS
from tests.faults.proxy import (
    gone_event,
    is_continued,
    is_list,
    is_watch,
    lost_answer,
    status,
    writes_certificate,
)
from tests.faults.webhook import broken_webhook
from tests.support import pki
from tests.support.cluster.waiting import wait_until

Fault = Callable[[Stage, random.Random], None]
HANGING = 40  # issuers of another tenant, and requests


def connections_cut(stage: Stage, chance: random.Random) -> None:
    stage.relay.cut()


def way_blocked(stage: Stage, chance: random.Random) -> None:
    stage.relay.block()
    stage.load.put(chance.randint(1, 4))
    stage.relay.open()


def watches_refused(stage: Stage, chance: random.Random) -> None:
    answers = [status(410, "Expired"), gone_event(), status(429, "TooManyRequests", 1), status(500, "InternalError")]
    stage.proxy.fail(is_watch, chance.choice(answers), times=chance.randint(1, 6))
    stage.relay.cut()


def lists_refused(stage: Stage, chance: random.Random) -> None:
    stage.proxy.fail(is_watch, gone_event(), times=2)
    stage.proxy.fail(chance.choice([is_list, is_continued]), status(410, "Expired"), times=2)
    stage.relay.cut()


def writes_refused(stage: Stage, chance: random.Random) -> None:
    answers = [status(429, "TooManyRequests", 1), status(500, "InternalError"), status(403, "Forbidden"), lost_answer]
    stage.proxy.fail(writes_certificate, chance.choice(answers), times=chance.randint(1, 6))


def requests_deleted(stage: Stage, chance: random.Random) -> None:
    if stage.load.names:
        stage.load.delete(chance.choice(sorted(stage.load.names)))


def api_server_restarted(stage: Stage, chance: random.Random) -> None:
    api = stage.plane("kube-apiserver")
    api.stop(seconds=chance.choice([0, 1]))
    api.start()
    stage.serves()


def api_server_frozen(stage: Stage, chance: random.Random) -> None:
    stage.frozen()


def connections_half_open(stage: Stage, chance: random.Random) -> None:
    stage.relay.forget()


def history_compacted(stage: Stage, chance: random.Random) -> None:
    compact(stage.plane("etcd"))


def writes_refused_by_a_webhook(stage: Stage, chance: random.Random) -> None:
    with broken_webhook(stage):
        stage.load.put(chance.randint(1, 4))


def manager_stopped(stage: Stage, chance: random.Random) -> None:
    os.kill(stage.manager.process.pid, signal.SIGTERM)
    assert stage.exit_code() == 0
    stage.manager.start()


def manager_killed(stage: Stage, chance: random.Random) -> None:
    stage.kill()
    stage.manager.start()


FAULTS: list[Fault] = [
    connections_cut,
    way_blocked,
    watches_refused,
    lists_refused,
    writes_refused,
    requests_deleted,
    api_server_restarted,
    api_server_frozen,
    connections_half_open,
    history_compacted,
    writes_refused_by_a_webhook,
    manager_stopped,
    manager_killed,
]


@pytest.mark.parametrize("seed", [1, 2])
def test_a_random_mix(stage: Stage, seed: int) -> None:
    chance, begun = random.Random(seed), time.monotonic()
    with hanging_tenant(stage):
        for fault in chance.sample(FAULTS, k=len(FAULTS)):
            stage.load.put(chance.randint(1, 6))
            fault(stage, chance)
        stage.proxy.heal()
        wait_until(lambda: stage.manager.probe("/readyz") == 200, SECONDS, "the manager is ready")
        stage.converged(f"a random mix, seed {seed}", begun)


@contextmanager
def hanging_tenant(stage: Stage) -> Iterator[None]:
    """Another namespace: issuers at a server that takes connections and never answers, and requests to them."""
    tenant = Objects(stage.deployed.server, f"{stage.load.objects.namespace}-hangs")
    numbers = range(HANGING)
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        tenant.server.kubectl("create", "namespace", tenant.namespace)
        tenant.apply(tenant.secret(username="x", password="x"))
        tenant.apply(*(tenant.issuer(f"issuer-{number}", url=url, est={}) for number in numbers))
        csr = pki.csr(dns=["hangs.example.com"])
        tenant.apply(*(tenant.request(f"request-{number}", csr, f"issuer-{number}") for number in numbers))
        tenant.approve(*(f"request-{number}" for number in numbers))
        yield
        ready = [tenant.condition(NAMES.issuer, f"issuer-{number}").get("status") for number in (0, HANGING - 1)]
        assert "True" not in ready, "its CA answered"
    tenant.server.kubectl("delete", "namespace", tenant.namespace, "--wait=false")
