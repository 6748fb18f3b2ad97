"""deploy/rbac, for a manager that works in all namespaces."""

from __future__ import annotations

import pytest

from tests.e2e.privilege.least import LeastPrivilege
from tests.e2e.privilege.scene import Played, play
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import install


@pytest.fixture(scope="module")
def played(api_server_of_its_own: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Played:
    install(api_server_of_its_own)
    api_server_of_its_own.kubectl("create", "namespace", "team-a")
    return play(api_server_of_its_own, tmp_path_factory.mktemp("manager"), ["team-a"])


class TestEverywhere(LeastPrivilege):
    pass
