"""From the flags to the connections: what the command line says of networks is what the signers' clients keep to."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from domain.errors import IssuerUnhealthy
from entrypoints import cli
from entrypoints.container import in_memory
from entrypoints.settings import Settings
from tests.support.remote.asking import PLAIN, endpoint
from tests.support.remote.https import serving
from tests.unit.entrypoints.command import Run


@pytest.mark.parametrize(
    ("flags", "permitted"),
    [
        ([], False),
        (["--ca-denied-networks=link-local,api-server"], True),  # for a CA in the manager's pod
        (["--ca-denied-networks=none", "--ca-allowed-networks=10.0.0.0/8"], False),
        (["--ca-denied-networks=none", "--ca-allowed-networks=loopback"], True),
    ],
)
def test_whether_a_manager_in_a_pod_connects_to_loopback(
    flags: list[str], permitted: bool, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answers: list[str] = []

    async def manage(settings: Settings) -> None:
        clients = in_memory(settings, MemoryCluster(), MemoryRecorder(SystemClock())).clients()
        async with serving(tmp_path) as server:
            try:
                answers.append((await clients.exchange(endpoint(server.url), PLAIN)).body.decode())
            except IssuerUnhealthy as error:
                answers.append(str(error))
            await clients.close()

    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setattr(cli, "_manage", manage)
    assert run("manager", "--cluster-resource-namespace=system", *flags).status == 0

    [answer] = answers
    assert (answer == "fine") == permitted
    assert ("is at an address that the manager does not connect to" in answer) != permitted
