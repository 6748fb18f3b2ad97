"""deploy/rbac, for a manager that works in all namespaces."""

from __future__ import annotations

import pytest

from tests.cluster.api_server import ApiServer
from tests.deployed import install
from tests.privilege.least import LeastPrivilege
from tests.privilege.scene import Played, play


@pytest.fixture(scope="module")
def played(api_server_of_its_own: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Played:
    install(api_server_of_its_own)
    api_server_of_its_own.kubectl("create", "namespace", "team-a")
    return play(api_server_of_its_own, tmp_path_factory.mktemp("manager"), ["team-a"])


class TestEverywhere(LeastPrivilege):
    pass
