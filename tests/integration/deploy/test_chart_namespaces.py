"""With the value `namespaces` the chart has the rights of deploy/namespaced. Helm renders it; no cluster is needed."""

from __future__ import annotations

import json
from copy import deepcopy

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import Helm, as_deployed, named
from tests.integration.deploy.manifests import Manifest, objects, permissions

PROJECT = NAMES.controller
CONTROLLER = f"{PROJECT}-controller-manager"
TEAMS = ["team-a", "team-b"]
CHOSEN = f"namespaces={json.dumps(TEAMS)}"
DEPLOYMENT = ("Deployment", NAMESPACE, CONTROLLER)


def test_it_renders_what_deploy_namespaced_does(helm: Helm) -> None:
    usual, chosen = (as_deployed(helm.rendered(*settings, namespace=NAMESPACE)) for settings in ((), (CHOSEN,)))
    roles = [_in_namespace(each, team) for team in TEAMS for each in objects("namespaced/role")]
    _arguments(usual[DEPLOYMENT]).append(f"--namespaces={','.join(TEAMS)}")

    assert chosen == usual | named(objects("namespaced")) | named(roles)


def test_secrets_can_be_read_in_these_namespaces_and_the_controller_s_own_only(helm: Helm) -> None:
    rendered = helm.rendered(CHOSEN, namespace=NAMESPACE)
    readable = {
        each["metadata"].get("namespace")
        for each in rendered
        if each["kind"] in ("ClusterRole", "Role") and ("", "secrets", "*", "list") in permissions(each)
    }
    assert readable == {*TEAMS, NAMESPACE}


def test_elsewhere_and_with_other_names_each_role_is_bound_to_the_account(helm: Helm) -> None:
    settings = (CHOSEN, 'fullnameOverride="pki"')
    rendered = helm.rendered(*settings, namespace="elsewhere")
    account = {"kind": "ServiceAccount", "name": "pki-controller-manager", "namespace": "elsewhere"}
    bindings = [each for each in rendered if each["kind"] == "RoleBinding"]

    assert NAMESPACE not in json.dumps(rendered)
    assert {each["metadata"]["namespace"] for each in bindings} == {"elsewhere", "default", *TEAMS}
    for each in bindings:
        assert each["subjects"] == [account]
        assert ("Role", each["metadata"]["namespace"], each["roleRef"]["name"]) in named(rendered)


def test_further_flags_come_after_it(helm: Helm) -> None:
    rendered = named(helm.rendered(CHOSEN, 'extraArgs=["--log-format=json"]', namespace=NAMESPACE))
    assert _arguments(rendered[DEPLOYMENT])[-2:] == [f"--namespaces={','.join(TEAMS)}", "--log-format=json"]


def _in_namespace(manifest: Manifest, namespace: str) -> Manifest:
    made = deepcopy(manifest)
    made["metadata"]["namespace"] = namespace
    return made


def _arguments(deployment: Manifest) -> list[str]:
    arguments: list[str] = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    return arguments
