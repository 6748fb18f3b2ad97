"""The chart renders what deploy/default does; each of its values does what it says, and a misspelt one is refused.

Everything rendered is shown to a real API server, its pods to the restricted Pod Security level.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import CHART, Helm, HelmFailed, as_deployed, loaded, named
from tests.integration.deploy.manifests import DEPLOY, UNDEPLOY, VERSION, Manifest
from tests.integration.deploy.pods import admitted
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import Deployed

PROJECT = NAMES.controller
CONTROLLER = f"{PROJECT}-controller-manager"
PLACEHOLDER = "controller:latest"

KEEP = {"helm.sh/resource-policy": "keep"}
NOT_IN_THE_CHART = {("Namespace", None, NAMESPACE)}
"""Helm would delete it with the release, and with it the Secrets of cluster issuers."""


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> ApiServer:
    return deployed.server


@pytest.fixture(scope="module")
def kustomized(cluster: ApiServer) -> dict[tuple[str, str | None, str], Manifest]:
    """What deploy/default renders, with the image that the chart names by itself."""
    text = cluster.kubectl("kustomize", str(DEPLOY / "default"))
    assert text.count(PLACEHOLDER) == 1
    return named(loaded(text.replace(PLACEHOLDER, f"{PROJECT}:{VERSION}")))


def test_it_renders_what_deploy_default_does(
    helm: Helm, kustomized: dict[tuple[str, str | None, str], Manifest]
) -> None:
    rendered = as_deployed(helm.rendered(namespace=NAMESPACE))
    for manifest in rendered.values():
        if manifest["kind"] == "CustomResourceDefinition":
            assert manifest["metadata"].pop("annotations") == KEEP
    for manifest in (*rendered.values(), *kustomized.values()):
        manifest["metadata"]["labels"].pop(UNDEPLOY, None)  # for `make undeploy` alone

    assert kustomized.keys() - rendered.keys() == NOT_IN_THE_CHART
    assert rendered == {name: each for name, each in kustomized.items() if name not in NOT_IN_THE_CHART}


def test_with_prometheus_it_renders_that_base_too(helm: Helm, cluster: ApiServer) -> None:
    extra = named(loaded(cluster.kubectl("kustomize", str(DEPLOY / "prometheus"))))
    before, after = (
        as_deployed(helm.rendered(setting, namespace=NAMESPACE))
        for setting in ("prometheus.enabled=false", "prometheus.enabled=true")
    )

    assert after == before | extra
    assert {kind for kind, _, _ in extra} == {
        "ServiceMonitor",
        "PrometheusRule",
        "ConfigMap",
        "ServiceAccount",
        "Secret",
        "ClusterRoleBinding",
    }


@pytest.mark.parametrize("settings", [(), ('namespaces=["team-a"]',), ("prometheus.enabled=true",)])
def test_packed_it_renders_the_same(helm: Helm, tmp_path: Path, settings: tuple[str, ...]) -> None:
    helm("package", CHART, f"--destination={tmp_path}")
    packed = tmp_path / f"{PROJECT}-{VERSION}.tgz"

    assert helm.rendered(*settings, namespace=NAMESPACE, chart=packed) == helm.rendered(*settings, namespace=NAMESPACE)


def test_its_versions_are_the_project_s(helm: Helm) -> None:
    (chart,) = loaded(helm("show", "chart", CHART))
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


def test_helm_finds_no_fault_with_it(helm: Helm) -> None:
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART)


ELSEWHERE = "elsewhere"
AFFINITY: Manifest = {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}
DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("setting", "path", "expected"),
    [
        ("replicas=3", "replicas", 3),
        ('image.repository="registry.example.com:5000/issuer"', "image", f"registry.example.com:5000/issuer:{VERSION}"),
        ('image.tag="9.9"', "image", f"{PROJECT}:9.9"),
        (f'image.digest="{DIGEST}"', "image", f"{PROJECT}@{DIGEST}"),
        ('image.pullPolicy="Always"', "imagePullPolicy", "Always"),
        ('imagePullSecrets=[{"name":"registry"}]', "imagePullSecrets", [{"name": "registry"}]),
        ('resources={"limits":{"memory":"1Gi","cpu":"1"}}', "resources.limits", {"memory": "1Gi", "cpu": "1"}),
        ('nodeSelector={"kubernetes.io/os":"linux"}', "nodeSelector", {"kubernetes.io/os": "linux"}),
        ('tolerations=[{"operator":"Exists"}]', "tolerations", [{"operator": "Exists"}]),
        (f"affinity={json.dumps(AFFINITY)}", "affinity", AFFINITY),
        ('extraArgs=["--log-format=json"]', "args.4", "--log-format=json"),
        ("metrics.enabled=false", "args.3", "--metrics-bind-address=0"),
    ],
)
def test_a_value_of_the_deployment(helm: Helm, cluster: ApiServer, setting: str, path: str, expected: object) -> None:
    rendered = helm.rendered(setting, namespace=NAMESPACE)
    [deployment] = [each for each in rendered if each["kind"] == "Deployment"]
    pod = deployment["spec"]["template"]["spec"]

    assert _at(pod["containers"][0] | pod | deployment["spec"], path) == expected
    _accepted(cluster, rendered)
    assert admitted(cluster, NAMESPACE, deployment)


@pytest.mark.parametrize(
    ("setting", "gone"),
    [
        ("podDisruptionBudget.enabled=false", {("PodDisruptionBudget", CONTROLLER)}),
        ("networkPolicy.enabled=false", {("NetworkPolicy", CONTROLLER)}),
        (
            "metrics.enabled=false",
            {
                ("Service", f"{PROJECT}-metrics"),
                ("ClusterRole", f"{PROJECT}-metrics-auth"),
                ("ClusterRole", f"{PROJECT}-metrics-reader"),
                ("ClusterRoleBinding", f"{PROJECT}-metrics-auth"),
            },
        ),
        (
            "crds.enabled=false",
            {
                ("CustomResourceDefinition", f"{NAMES.issuers}.{NAMES.group}"),
                ("CustomResourceDefinition", f"{NAMES.cluster_issuers}.{NAMES.group}"),
            },
        ),
        (
            "approver.enabled=false",
            {
                ("ClusterRole", f"{PROJECT}-cert-manager-approver"),
                ("ClusterRoleBinding", f"{PROJECT}-cert-manager-approver"),
            },
        ),
        (
            "demoCA.enabled=false",
            {("Role", f"{PROJECT}-demo-ca"), ("RoleBinding", f"{PROJECT}-demo-ca")},
        ),
        (
            "trustBundles.enabled=false",
            {("ClusterRole", f"{PROJECT}-trust-bundles"), ("ClusterRoleBinding", f"{PROJECT}-trust-bundles")},
        ),
    ],
)
def test_what_is_turned_off_is_not_there(
    helm: Helm, cluster: ApiServer, setting: str, gone: set[tuple[str, str]]
) -> None:
    everything, left = (named(helm.rendered(*each, namespace=NAMESPACE)).keys() for each in ((), (setting,)))

    assert {(kind, name) for kind, _, name in everything - left} == gone
    _accepted(cluster, helm.rendered(setting, namespace=NAMESPACE))


def test_crds_are_kept_unless_told_otherwise(helm: Helm) -> None:
    rendered = helm.rendered("crds.keep=false", namespace=NAMESPACE)
    assert [each for each in rendered if "annotations" in each["metadata"]] == []


def test_the_approver_may_be_another_account(helm: Helm) -> None:
    setting = 'approver.serviceAccount={"name":"cm","namespace":"pki"}'
    binding = named(helm.rendered(setting, namespace=NAMESPACE))[
        "ClusterRoleBinding", None, f"{PROJECT}-cert-manager-approver"
    ]
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "cm", "namespace": "pki"}]


def test_in_another_namespace_nothing_names_the_default_one(helm: Helm) -> None:
    rendered = helm.rendered("prometheus.enabled=true", namespace=ELSEWHERE)

    assert NAMESPACE not in json.dumps(rendered)
    assert {each["metadata"].get("namespace", ELSEWHERE) for each in rendered} == {ELSEWHERE}


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("replica=3", "'replica' not allowed"),
        ("metrics.enable=true", "at '/metrics': additional properties 'enable' not allowed"),
        ('replicas="many"', "at '/replicas': got string, want integer"),
        ('image.digest="latest"', "at '/image/digest'"),
        ('extraArgs=["log-format=json"]', "at '/extraArgs/0'"),
        ('approver.serviceAccount.namespace="Not a name"', "at '/approver/serviceAccount/namespace'"),
        ('resources={"limit":{"memory":"1Gi"}}', "at '/resources': additional properties 'limit' not allowed"),
        ('extraArgs=["--namespaces=team-a"]', "extraArgs has --namespaces: set the value namespaces"),
        ('extraArgs=["--namespaces","team-a"]', "at '/extraArgs/1'"),
        (
            'extraEnv=[{"name":"ISSUER_NAMESPACES","value":"team-a"}]',
            "extraEnv has ISSUER_NAMESPACES: set the value namespaces",
        ),
        ('namespaces="team-a"', "at '/namespaces': got string, want array"),
        ('namespaces=["team-a,team-b"]', "at '/namespaces/0'"),
        ('namespaces=["team-a","team-a"]', "at '/namespaces': items at 0 and 1 are equal"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(helm: Helm, setting: str, words: str) -> None:
    with pytest.raises(HelmFailed) as refusal:
        helm.rendered(setting, namespace=NAMESPACE)
    assert words in str(refusal.value)


def test_prometheus_without_metrics_is_refused(helm: Helm) -> None:
    with pytest.raises(HelmFailed, match=r"prometheus\.enabled needs metrics\.enabled"):
        helm.rendered("prometheus.enabled=true", "metrics.enabled=false", namespace=NAMESPACE)


def _accepted(cluster: ApiServer, manifests: list[Manifest]) -> None:
    """Raises KubectlFailed where the API server would refuse one, or warn."""
    everything = json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
    cluster.kubectl("apply", "--dry-run=server", "--warnings-as-errors", "--filename=-", stdin=everything)


def _at(manifest: Any, path: str) -> Any:
    for step in path.split("."):
        manifest = manifest[int(step) if step.isdecimal() else step]
    return manifest
