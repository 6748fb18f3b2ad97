"""The control plane itself under faults: stopped, killed, frozen, and its history compacted.

They are the real processes; what the manager sees of it is what it would see in any cluster.
"""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from tests.faults.conftest import Stage
from tests.faults.etcd import age, compact
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
    stage.relay.cut()
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


def test_an_etcd_that_is_restored_from_a_backup(stage: Stage, tmp_path: Path) -> None:
    """Versions go back: what is created then is older than what the manager knows, and a watch stays silent."""
    api, etcd = stage.plane("kube-apiserver"), stage.plane("etcd")
    data, backup = Path(etcd.flag("data-dir")), tmp_path / "backup"
    stage.load.put(4)
    stage.load.converge(time.monotonic())
    api.stop(seconds=1)
    etcd.stop()
    shutil.copytree(data, backup)
    etcd.start()
    api.start()
    stage.serves()
    age(etcd, 1000)  # so that the restored one does not catch up while the watch is silent
    again, *lost = stage.load.put(3)
    stage.load.converge(time.monotonic())
    begun = time.monotonic()
    api.stop(seconds=1)
    etcd.stop()
    shutil.rmtree(data)
    shutil.copytree(backup, data)
    etcd.start()
    api.start()
    stage.serves()
    stage.load.forget(again, *lost)
    stage.load.put_again(again)
    stage.converged("etcd restored from a backup", begun)
    stage.says("CertificateRequest: the API server is at version")
