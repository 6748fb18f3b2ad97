"""deploy/namespaced, installed as deploy/README.md says, for a manager that works in two namespaces alone.

The manager gets the flags that are printed, no others of this kind; what is in a third namespace is there before
it starts.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.objects import Objects
from tests.e2e.privilege.least import LeastPrivilege
from tests.e2e.privilege.scene import MANAGER, Played, play
from tests.support import commands, pki, readme
from tests.support.cluster.api_server import ApiServer
from tests.support.commands import CommandFailed
from tests.support.deployed import install

PRINT, APPLY, ASK = readme.blocks(readme.section("deploy/README.md", "## In chosen namespaces only"))[0]
CHOSEN = ("team-a", "team-b")
ELSEWHERE = "elsewhere"
IN_NAMESPACES = {"secrets", NAMES.issuers, "certificaterequests", "podcertificaterequests", "events", "leases"}


def flags(manifests: str) -> list[str]:
    deployment: Any = next(each for each in yaml.safe_load_all(manifests) if each["kind"] == "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return [arg for arg in container["args"] if arg.startswith("--namespaces")]


@pytest.fixture(scope="module")
def elsewhere(api_server_of_its_own: ApiServer) -> Objects:
    """A whole tenant, whom the manager does not serve."""
    for namespace in (*CHOSEN, ELSEWHERE):
        api_server_of_its_own.kubectl("create", "namespace", namespace)
    return Objects(api_server_of_its_own, ELSEWHERE)


@pytest.fixture(scope="module")
def played(api_server_of_its_own: ApiServer, elsewhere: Objects, tmp_path_factory: pytest.TempPathFactory) -> Played:
    install(api_server_of_its_own)  # for all namespaces, to be narrowed
    checkout = commands.checkout(tmp_path_factory.mktemp("checkout"))
    for command in (PRINT, APPLY):
        commands.typed(command, api_server_of_its_own.environment, checkout)
    manifests = (checkout / "namespaced.yaml").read_text()
    elsewhere.apply(elsewhere.secret(), elsewhere.issuer(), elsewhere.request("app", pki.csr()))
    elsewhere.approve("app")
    return play(api_server_of_its_own, tmp_path_factory.mktemp("manager"), CHOSEN, *flags(manifests))


class TestNamespaced(LeastPrivilege):
    def test_nothing_is_asked_for_in_all_namespaces(self, played: Played) -> None:
        everywhere = {call.resource.partition("/")[0] for call in played.calls if not call.namespace}
        assert everywhere & IN_NAMESPACES == set()

    def test_elsewhere_nothing_is_touched(self, played: Played, elsewhere: Objects) -> None:
        assert {call.namespace for call in played.calls} == {*CHOSEN, NAMESPACE, "default", ""}
        assert elsewhere.get(NAMES.issuer, "issuer")["status"] == {"observedGeneration": -1}
        assert [each["type"] for each in elsewhere.get("certificaterequest", "app")["status"]["conditions"]] == [
            "Approved"
        ]

    @pytest.mark.usefixtures("played")
    @pytest.mark.parametrize(
        ("allowed", "verb", "group", "resource", "namespace"),
        [
            (True, "get", "", "secrets", "team-a"),
            (True, "get", "", "secrets", NAMESPACE),
            (False, "get", "", "secrets", ELSEWHERE),
            (False, "watch", "", "secrets", ELSEWHERE),
            (False, "get", "", "secrets", "default"),
            (False, "get", "", "secrets", "kube-system"),
            (False, "list", "", "secrets", ""),
            (True, "create", "events.k8s.io", "events", "default"),
            (False, "create", "events.k8s.io", "events", ELSEWHERE),
            (False, "get", NAMES.group, NAMES.issuers, ELSEWHERE),
            (False, "get", "cert-manager.io", "certificaterequests", ELSEWHERE),
            (False, "get", "certificates.k8s.io", "podcertificaterequests", ELSEWHERE),
        ],
    )
    def test_elsewhere_nothing_is_allowed(
        self, elsewhere: Objects, allowed: bool, verb: str, group: str, resource: str, namespace: str
    ) -> None:
        asked = {"verb": verb, "group": group, "resource": resource, "namespace": namespace, "name": "credentials"}
        assert elsewhere.server.may(MANAGER, asked) is allowed

    @pytest.mark.usefixtures("played")
    def test_what_the_readme_has_one_ask_is_answered_with_no(self, elsewhere: Objects) -> None:
        with pytest.raises(CommandFailed, match=r"exit code 1\nno$"):
            commands.typed(ASK, elsewhere.server.environment)
