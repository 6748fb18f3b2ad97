"""The control plane itself under faults: stopped, killed, frozen, and its history compacted.

Law: they are the real processes; what the manager sees of it is what it would see in any cluster.
"""

from __future__ import annotations

import time

from tests.faults.conftest import Stage
from tests.faults.etcd import compact
from tests.faults.proxy import is_watch, status

REQUESTS = "/apis/cert-manager.io/v1/certificaterequests"


def test_an_api_server_that_is_restarted(stage: Stage) -> None:
    api = stage.plane("kube-apiserver")
    stage.load.put(8)
    begun = time.monotonic()
    api.stop(seconds=1)
    stage.says("watching CertificateRequest")
    api.start()
    stage.serves()
    stage.converged("API server restarted", begun)


def test_an_api_server_that_is_frozen(stage: Stage) -> None:
    stage.load.put(8)
    begun = time.monotonic()
    stage.frozen()
    stage.serves()
    stage.converged("API server frozen", begun)


def test_a_history_that_etcd_has_compacted(stage: Stage) -> None:
    """Whoever comes back with an old version after a restart of the API server finds it gone: a real 410."""
    api = stage.plane("kube-apiserver")
    again, gone, *_ = stage.load.put(6)
    stage.load.converge(time.monotonic())
    stage.proxy.fail(is_watch, status(503, "ServiceUnavailable"))
    stage.way.cut()
    begun = time.monotonic()
    stage.load.delete(again, gone)
    stage.load.put_again(again)
    compact(stage.plane("etcd"))
    api.stop(seconds=1)
    api.start()
    stage.serves()
    lists = stage.proxy.lists[REQUESTS]
    stage.proxy.heal()
    stage.converged("etcd compacted, API server restarted", begun)
    assert stage.proxy.lists[REQUESTS] > lists
