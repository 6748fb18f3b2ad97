"""Helm, promtool, a registry and a cluster to install into, for the tests of this folder.

Skipped without Go, and with REQUIRE_CLUSTER=1 a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.integration.deploy.chart import Helm
from tests.support import commands, prometheus
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.fixtures import built, started_own_api_server
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until
from tests.support.programs import HELM, REGISTRY


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(built(pytestconfig, "helm", HELM.ensure, "install Go"), tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def promtool(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "promtool", partial(prometheus.ensure, prometheus.PROMTOOL), "install Prometheus")


@pytest.fixture(scope="package")
def server(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Of these tests alone, since what they install exists once in a cluster."""
    why, place = "to install into and to remove from", tmp_path_factory.mktemp("installing")
    with started_own_api_server(pytestconfig, place, why) as started:
        yield started


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return commands.checkout(tmp_path)


@pytest.fixture
def registry(pytestconfig: pytest.Config, tmp_path: Path) -> Iterator[str]:
    """The address, host:port, of an empty OCI registry that speaks HTTP."""
    log = tmp_path / "registry.log"
    process = Process("registry", [built(pytestconfig, "registry", REGISTRY.ensure, "install Go")], log)
    process.start()

    def address() -> str:
        process.check()
        return log.read_text().partition("\n")[0]

    yield wait_until(address, 10, "the registry prints its address")
    process.stop()
