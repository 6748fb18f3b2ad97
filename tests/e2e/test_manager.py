"""The process itself: probes, signals, and what it does when its surroundings are not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager, prepared, running
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.support.specs import SIGNERS


@pytest.fixture
def own_manager(deployed: Deployed, tmp_path: Path) -> Iterator[Manager]:
    """A manager that this test may end."""
    yield from running(prepared(deployed.manager, tmp_path))


def test_it_is_alive_and_ready(manager: Manager) -> None:
    assert (manager.probe("/healthz"), manager.probe("/readyz"), manager.probe("/else")) == (200, 200, 404)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_it_ends_when_told_to_and_says_so(deployed: Deployed, name: str) -> None:
    command = [sys.executable, "-m", "entrypoints.cli", "manager", "--cluster-resource-namespace=default"]
    environment = {**os.environ, "KUBECONFIG": str(deployed.manager)}
    with subprocess.Popen(
        [*command, "--health-probe-bind-address=0"], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        begin: list[str] = []
        for line in process.stderr:
            begin.append(line)
            if "caches synced" in line:
                break
        process.send_signal(signal.Signals[name])
        rest = process.stderr.read()
        assert process.wait(30) == 0
    assert f"{NAMES.controller} {version(NAMES.controller)} starts on" in begin[0]
    assert begin[0].endswith(f"with the signers {', '.join(SIGNERS)}\n")
    assert begin[1].endswith(f"namespaces served: all; {NAMES.cluster_issuer}s have their Secrets in default\n")
    assert begin[2].endswith("networks of CAs elsewhere: allowed are 0.0.0.0/0,::/0; denied are none\n")
    assert rest.splitlines()[-1].endswith("stopped")
    assert "Traceback" not in rest


def test_without_a_server_it_is_alive_but_not_ready_and_says_why(deployed: Deployed, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.kubeconfig"
    nowhere.write_text(deployed.manager.read_text().replace(deployed.server.server_url, "https://127.0.0.1:1"))
    manager = prepared(nowhere, tmp_path)
    manager.process.start()
    try:
        wait_until(lambda: manager.probe("/healthz") == 200, 30, "the manager is alive")
        wait_until(lambda: "cannot be reached" in manager.process.tail(), 30, "its log says what is wrong")
        assert manager.probe("/readyz") == 503
    finally:
        manager.process.stop()


def test_a_taken_port_is_one_clear_line(deployed: Deployed, own_manager: Manager) -> None:
    address = own_manager.probes.removeprefix("http://")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "entrypoints.cli",
            "manager",
            "--cluster-resource-namespace=default",
            f"--health-probe-bind-address={address}",
        ],
        env={**os.environ, "KUBECONFIG": str(deployed.manager)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"Error: --health-probe-bind-address: cannot listen on {address}: Address already in use"
    )
