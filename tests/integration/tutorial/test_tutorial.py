"""adapters/signers/TUTORIAL.md, done in a copy: against a real CFSSL, up to a Certificate on a real API server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import commands, readme
from tests.support.cluster import cert_manager
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.fixtures import started_api_server
from tests.support.tutorial.follow import Reader

FILE = "adapters/signers/TUTORIAL.md"
CFSSL_PORT = "8888"
"""The port in the tutorial; the test puts a free one in its place, everywhere."""


@pytest.fixture
def cluster(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[ApiServer]:
    """One of its own, since the tutorial installs CRDs and rights of other names. With cert-manager's controllers."""
    (tmp_path / "cluster").mkdir()
    with (
        started_api_server(pytestconfig, tmp_path / "cluster") as server,
        cert_manager.running(server, tmp_path / "cluster"),
    ):
        yield server


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project as `git clone` has it: every file is committed."""
    directory = tmp_path / "clone"
    directory.mkdir()
    commands.copy(directory)
    author = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "--message=Copied"]):
        commands.run("git", *command, directory=directory)
    return directory


@pytest.fixture
def reader(cluster: ApiServer, cfssl_program: Path, clone: Path, tmp_path: Path) -> Reader:
    programs, logs = tmp_path / "bin", tmp_path / "logs"
    programs.mkdir()
    logs.mkdir()
    (programs / "cfssl").symlink_to(cfssl_program)
    (programs / "kubectl").symlink_to(cluster.program)
    [probes] = free_ports(1)
    env = {
        **commands.a_persons(os.environ),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "KUBECONFIG": str(cluster.kubeconfig),
        "ISSUER_HEALTH_PROBE_BIND_ADDRESS": f"127.0.0.1:{probes}",
        "PIP_NO_COMPILE": "1",  # saves seconds: .venv is made twice, before and after the rename
    }
    return Reader(FILE, clone, env, logs)


@pytest.mark.timeout(600)
def test_the_tutorial_works(reader: Reader) -> None:
    text = readme.text(FILE)
    [port] = free_ports(1)
    assert CFSSL_PORT in text
    reader.follow(text.replace(CFSSL_PORT, str(port)))
