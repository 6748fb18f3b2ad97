"""Helm, for the tests of this folder: skipped without Go, and with REQUIRE_CLUSTER=1 a failure."""

from __future__ import annotations

import pytest

from tests.integration.deploy.chart import Helm
from tests.support.cluster.fixtures import built
from tests.support.programs import HELM


@pytest.fixture(scope="session")
def helm(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(built(pytestconfig, "helm", HELM.ensure, "install Go"), tmp_path_factory.mktemp("helm"))
