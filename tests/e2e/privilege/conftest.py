"""An API server for each file, since its audit log and its RBAC are what is read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.fixtures import started_own_api_server


@pytest.fixture(scope="module")
def api_server_of_its_own(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    why = "to be restarted with an audit log"
    with started_own_api_server(pytestconfig, tmp_path_factory.mktemp("api-server"), why) as server:
        yield server
