"""What kustomize makes of deploy/: bases have neutral names, overlays add those of issuer.py."""

from __future__ import annotations

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import loaded
from tests.integration.deploy.manifests import DEPLOY, UNDEPLOY, Manifest, full_name
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import Deployed

BASES = ["rbac", "manager", "metrics", "network-policy"]
OVERLAYS = ["default", "local", "prometheus", "namespaced", "namespaced/role"]
NOT_PREFIXED = {"CustomResourceDefinition", "Namespace"}
LABEL = "app.kubernetes.io/name"


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> ApiServer:
    return deployed.server


def kustomized(cluster: ApiServer, base: str) -> list[Manifest]:
    return loaded(cluster.kubectl("kustomize", str(DEPLOY / base)))


@pytest.mark.parametrize("base", BASES)
def test_a_base_is_neutral(cluster: ApiServer, base: str) -> None:
    for manifest in kustomized(cluster, base):
        assert NAMES.controller not in manifest["metadata"]["name"]
        assert manifest["metadata"].get("namespace") in (None, "system")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_the_names_of_issuer_py(cluster: ApiServer, overlay: str) -> None:
    for manifest in kustomized(cluster, overlay):
        kind, namespace, name = full_name(manifest)
        assert kind in NOT_PREFIXED or name.startswith(f"{NAMES.controller}-")
        assert namespace in (None, NAMESPACE, "default")
        assert manifest["metadata"]["labels"][LABEL] == NAMES.controller


@pytest.mark.parametrize("overlay", ["default", "local", "namespaced", "namespaced/role", "prometheus"])
def test_a_binding_of_an_overlay_names_what_is_there(cluster: ApiServer, overlay: str) -> None:
    there = {full_name(each) for base in ("default", overlay) for each in kustomized(cluster, base)}
    for manifest in kustomized(cluster, overlay):
        if manifest["kind"].endswith("Binding"):
            role, (subject,) = manifest["roleRef"], manifest["subjects"]
            namespace = manifest["metadata"].get("namespace")
            assert (role["kind"], namespace, role["name"]) in there
            account = "ServiceAccount", subject["namespace"], subject["name"]
            assert account in there or account[1:] == ("cert-manager", "cert-manager")


def test_the_service_monitor_finds_the_service(cluster: ApiServer) -> None:
    [service] = [each for each in kustomized(cluster, "default") if each["kind"] == "Service"]
    [monitor] = [each for each in kustomized(cluster, "prometheus") if each["kind"] == "ServiceMonitor"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()


def test_undeploy_keeps_the_kinds_and_the_namespace_and_nothing_else(cluster: ApiServer) -> None:
    labels = {full_name(each)[2]: each["metadata"]["labels"] for each in kustomized(cluster, "default")}
    crds = {f"{plural}.{NAMES.group}" for plural in (NAMES.issuers, NAMES.cluster_issuers)}
    assert {name for name, each in labels.items() if UNDEPLOY in each} == {NAMESPACE, *crds}
    assert NAMES.group not in UNDEPLOY
