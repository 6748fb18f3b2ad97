"""Helm, for the tests of this folder: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

import pytest

from tests.cluster.fixtures import built
from tests.deploy import helm as program
from tests.deploy.chart import Helm


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(built(pytestconfig, "helm", program.ensure, "install Go"), tmp_path_factory.mktemp("helm"))
