"""The chart with every value set that adds something, as a real API server and its strict field validation see it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from entrypoints.issuer import NAMESPACE
from tests.integration.deploy.chart import LABELS, Helm, loaded
from tests.integration.deploy.manifests import DEPLOY, KUSTOMIZATION, Manifest, full_name
from tests.integration.deploy.pods import admitted
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.deployed import Deployed

VALUES: dict[str, object] = {
    "namespaces": ["team-a"],
    "podAnnotations": {"team": "pki"},
    "podLabels": {"team": "pki"},
    "priorityClassName": "system-cluster-critical",
    "serviceAccount.annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/issuer"},
    "extraArgs": ["--log-format=json"],
    "extraEnv": [
        {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"},
        {"name": "ISSUER_LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "issuer"}}},
    ],
    "extraVolumes": [{"name": "bundle", "configMap": {"name": "bundle"}}],
    "extraVolumeMounts": [{"name": "bundle", "mountPath": "/etc/ssl/certs", "readOnly": True}],
    "imagePullSecrets": [{"name": "registry"}],
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "pki", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "nameOverride": "pki",
    "fullnameOverride": "team-pki",
    "metrics.certificate.secretName": "metrics",
    "metrics.certificate.issuerRef": {"name": "ca", "kind": "ClusterIssuer", "group": "cert-manager.io"},
}
OTHER_NAMES = {"nameOverride", "fullnameOverride"}
OF_THE_OPERATOR = "monitoring.coreos.com/v1"
"""Prometheus Operator's kinds, which this API server does not have."""
MISSHAPEN = {
    "extraEnv": [{"name": "A", "valueFrom": {"secretRef": {"name": "a"}}}],
    "extraVolumes": [{"name": "a", "secret": {"name": "a"}}],
    "extraVolumeMounts": [{"name": "a", "mountPath": "/a", "readonly": True}],
    "tolerations": [{"operators": "Exists"}],
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule", "max": 1}],
}
"""Values with a field that a Pod does not have, which the chart's schema leaves to the API server."""


def rendered(helm: Helm, values: dict[str, object]) -> list[Manifest]:
    return helm.rendered(*(f"{name}={json.dumps(value)}" for name, value in values.items()), namespace=NAMESPACE)


@pytest.fixture(scope="module")
def cluster(deployed: Deployed) -> Iterator[ApiServer]:
    """With the namespace that VALUES names."""
    deployed.server.kubectl("create", "namespace", "team-a")
    yield deployed.server
    deployed.server.kubectl("delete", "namespace", "team-a", "--wait=false")


def test_the_api_server_takes_it(helm: Helm, cluster: ApiServer) -> None:
    taken(cluster, rendered(helm, VALUES))


def test_pods_are_admitted_under_the_names_that_are_there(helm: Helm, cluster: ApiServer) -> None:
    manifests = rendered(helm, {name: VALUES[name] for name in VALUES.keys() - OTHER_NAMES})
    [deployment] = [each for each in manifests if each["kind"] == "Deployment"]

    taken(cluster, manifests)
    assert admitted(cluster, NAMESPACE, deployment)


@pytest.mark.parametrize("name", MISSHAPEN)
def test_the_api_server_finds_a_wrong_shape(helm: Helm, cluster: ApiServer, name: str) -> None:
    with pytest.raises(KubectlFailed, match="strict decoding error: unknown field"):
        taken(cluster, [each for each in rendered(helm, {name: MISSHAPEN[name]}) if each["kind"] == "Deployment"])


def test_everything_has_the_recommended_labels(helm: Helm) -> None:
    manifests = rendered(helm, VALUES | {"prometheus.enabled": True})
    pods = [each["spec"]["template"] for each in manifests if each["kind"] == "Deployment"]
    expected = LABELS | {"app.kubernetes.io/name": "pki"}

    assert {"Certificate", "ServiceMonitor", "Role", "CustomResourceDefinition"} <= {each["kind"] for each in manifests}
    assert [each for each in pods if not expected.items() <= each["metadata"]["labels"].items()] == []
    assert [full_name(each) for each in manifests if not expected.items() <= each["metadata"]["labels"].items()] == []


@pytest.mark.parametrize("namespaces", [[], ["team-a"]])
def test_no_role_grants_what_it_does_not_name(helm: Helm, namespaces: list[str]) -> None:
    manifests = rendered(helm, {"namespaces": namespaces, "prometheus.enabled": True})
    assert wildcards(manifests) == []


def test_no_role_of_deploy_grants_what_it_does_not_name() -> None:
    bases = (path for path in DEPLOY.rglob("*.yaml") if path.relative_to(DEPLOY).parts[0] not in ("chart", "templates"))
    files = [path for path in bases if path.name != KUSTOMIZATION]
    manifests = [each for path in files for each in loaded(path.read_text())]
    assert wildcards(manifests) == []


def wildcards(manifests: list[Manifest]) -> list[str]:
    roles = [each for each in manifests if each["kind"] in ("Role", "ClusterRole")]
    assert roles
    return [
        each["metadata"]["name"] for each in roles if "*" in (word for rule in each["rules"] for word in words(rule))
    ]


def words(rule: dict[str, list[str]]) -> list[str]:
    return [word for part in rule.values() for word in part]


def taken(cluster: ApiServer, manifests: list[Manifest]) -> None:
    """Raises KubectlFailed where the API server refuses one, finds a field that it does not know, or warns."""
    known = [json.dumps(each) for each in manifests if each["apiVersion"] != OF_THE_OPERATOR]
    strict = "--dry-run=server", "--validate=strict", "--warnings-as-errors"
    cluster.kubectl(
        "apply", *strict, "--filename=-", stdin="\n---\n".join(known)
    )  # a List is not shown to the API server as it is
