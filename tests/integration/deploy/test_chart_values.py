"""Values of the chart that change what a pod has and how objects are named, and labels and annotations of the chart.

Helm renders them; no cluster is needed.
"""

from __future__ import annotations

import json
import tomllib

import pytest
import yaml

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import CHART, LABELS, Helm, HelmFailed, loaded, named
from tests.integration.deploy.manifests import DEPLOY, Manifest, full_name

PROJECT = NAMES.controller
NAME = "app.kubernetes.io/name"
CONTAINER = {"kubectl.kubernetes.io/default-container": "manager"}
ENV: list[Manifest] = [
    {"name": "HTTPS_PROXY", "value": "http://proxy.example.com:3128"},
    {"name": "ISSUER_LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": "levels", "key": "issuer"}}},
]
VOLUMES: list[Manifest] = [{"name": "bundle", "configMap": {"name": "bundle"}}]
MOUNTS: list[Manifest] = [{"name": "bundle", "mountPath": "/etc/ssl/certs", "readOnly": True}]
SPREAD: Manifest = {"maxSkew": 2, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
OTHERS: Manifest = SPREAD | {"labelSelector": {"matchLabels": {"team": "pki"}}}


def deployment(helm: Helm, *settings: str) -> Manifest:
    return the_only(helm.rendered(*settings, namespace=NAMESPACE), "Deployment")


def the_only(manifests: list[Manifest], kind: str) -> Manifest:
    (found,) = [each for each in manifests if each["kind"] == kind]
    return found


def test_variables_are_added(helm: Helm) -> None:
    [usual], [more] = (
        deployment(helm, *settings)["spec"]["template"]["spec"]["containers"]
        for settings in ((), (f"extraEnv={json.dumps(ENV)}",))
    )
    assert more["env"] == usual["env"] + ENV


def test_volumes_are_mounted(helm: Helm) -> None:
    rendered = deployment(helm, f"extraVolumes={json.dumps(VOLUMES)}", f"extraVolumeMounts={json.dumps(MOUNTS)}")
    pod = rendered["spec"]["template"]["spec"]
    assert (pod["volumes"], pod["containers"][0]["volumeMounts"]) == (VOLUMES, MOUNTS)


def test_pods_have_further_annotations_and_labels(helm: Helm) -> None:
    rendered = deployment(helm, 'podAnnotations={"team":"pki"}', f'podLabels={{"team":"pki","{NAME}":"other"}}')
    metadata = rendered["spec"]["template"]["metadata"]
    assert metadata["annotations"] == {"team": "pki"} | CONTAINER
    assert metadata["labels"]["team"] == "pki"
    assert metadata["labels"][NAME] == PROJECT  # the selector's, which no value changes
    assert "team" not in rendered["spec"]["selector"]["matchLabels"]


def test_an_annotation_of_the_chart_can_be_replaced(helm: Helm) -> None:
    mine = dict.fromkeys(CONTAINER, "sidecar")
    rendered = deployment(helm, f"podAnnotations={json.dumps(mine)}")
    assert rendered["spec"]["template"]["metadata"]["annotations"] == mine


def test_pods_have_a_priority_class(helm: Helm) -> None:
    rendered = deployment(helm, 'priorityClassName="system-cluster-critical"')
    assert rendered["spec"]["template"]["spec"]["priorityClassName"] == "system-cluster-critical"


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ([], None),
        ([SPREAD], [SPREAD | {"labelSelector": {"matchLabels": {NAME: PROJECT}}}]),
        ([OTHERS, SPREAD], [OTHERS, SPREAD | {"labelSelector": {"matchLabels": {NAME: PROJECT}}}]),
    ],
)
def test_constraints_are_replaced_and_select_the_pods(
    helm: Helm, constraints: list[Manifest], expected: list[Manifest] | None
) -> None:
    rendered = deployment(helm, f"topologySpreadConstraints={json.dumps(constraints)}")
    assert rendered["spec"]["template"]["spec"].get("topologySpreadConstraints") == expected


def test_the_service_account_has_annotations(helm: Helm) -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/issuer"}
    rendered = helm.rendered(f"serviceAccount.annotations={json.dumps(annotations)}", namespace=NAMESPACE)
    assert the_only(rendered, "ServiceAccount")["metadata"]["annotations"] == annotations


@pytest.mark.parametrize(
    ("settings", "label", "prefix"),
    [
        (['nameOverride="pki"'], "pki", "pki"),
        (['fullnameOverride="team-pki"'], PROJECT, "team-pki"),
        (['nameOverride="pki"', 'fullnameOverride="team-pki"'], "pki", "team-pki"),
    ],
)
def test_names_can_be_others(helm: Helm, settings: list[str], label: str, prefix: str) -> None:
    """The Deployment's command and the Lease, which are named after the program, stay."""
    usual, rendered = (
        json.dumps(helm.rendered(*each, "prometheus.enabled=true", namespace=NAMESPACE)) for each in ([], settings)
    )
    manifests: list[Manifest] = json.loads(rendered)
    for each in manifests:
        assert each["metadata"]["labels"][NAME] == label
        assert each["kind"] == "CustomResourceDefinition" or each["metadata"]["name"].startswith(f"{prefix}-")
    assert rendered.count(f'"{NAME}": "{label}"') == usual.count(f'"{NAME}": "{PROJECT}"')
    assert rendered.count(f'"{prefix}-controller-manager"') == usual.count(f'"{PROJECT}-controller-manager"')
    [container] = the_only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["command"][0] == PROJECT


@pytest.mark.parametrize("settings", [[], ['nameOverride="pki"'], ['podLabels={"team":"pki"}']])
def test_selectors_have_the_name_alone(helm: Helm, settings: list[str]) -> None:
    """A Deployment's selector cannot change, and labels such as the version do."""
    found = named(helm.rendered("prometheus.enabled=true", *settings, namespace=NAMESPACE))
    specs = [each["spec"] for each in found.values() if "spec" in each]
    selectors = [spec.get("selector", spec.get("podSelector")) for spec in specs]
    name = "pki" if settings == ['nameOverride="pki"'] else PROJECT
    chosen = [each.get("matchLabels", each) for each in selectors if each]
    assert chosen == [{NAME: name}] * 5  # Deployment, Service, PodDisruptionBudget, NetworkPolicy, ServiceMonitor


@pytest.mark.parametrize("settings", [[], ["prometheus.enabled=true"], ['metrics.certificate.issuerRef={"name":"a"}']])
def test_every_object_has_the_labels_of_helm(helm: Helm, settings: list[str]) -> None:
    rendered = helm.rendered(*settings, 'namespaces=["team-a"]', namespace=NAMESPACE)
    assert [full_name(each) for each in rendered if not LABELS.items() <= each["metadata"]["labels"].items()] == []


def test_artifact_hub_is_told_license_and_category(helm: Helm) -> None:
    (chart,) = loaded(helm("show", "chart", CHART))
    annotations = chart["annotations"]
    licensed = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["license"]
    assert annotations["artifacthub.io/license"] == licensed
    assert (annotations["artifacthub.io/category"], annotations["artifacthub.io/operator"]) == ("security", "true")
    assert [sorted(link) for link in yaml.safe_load(annotations["artifacthub.io/links"])] == [["name", "url"]]


@pytest.mark.parametrize("value", ["podAnnotations", "podLabels", "serviceAccount.annotations"])
def test_annotations_and_labels_are_strings(helm: Helm, value: str) -> None:
    _refused(helm, f'{value}={{"a":1}}', f"at '/{value.replace('.', '/')}/a': got number, want string")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('extraEnv=["A=1"]', "at '/extraEnv/0': got string, want object"),
        ('extraEnv=[{"value":"1"}]', "at '/extraEnv/0': missing property 'name'"),
        ('extraVolumes=[{"emptyDir":{}}]', "at '/extraVolumes/0': missing property 'name'"),
        ('extraVolumeMounts=[{"name":"a"}]', "at '/extraVolumeMounts/0': missing property 'mountPath'"),
        ('serviceAccount.name="a"', "at '/serviceAccount': additional properties 'name' not allowed"),
        ('priorityClassName="High Priority"', "at '/priorityClassName'"),
        ("topologySpreadConstraints=[{}]", "at '/topologySpreadConstraints/0': missing properties 'maxSkew'"),
        ('nameOverride="Not A Name"', "at '/nameOverride'"),
        (f'fullnameOverride="{"a" * 41}"', "at '/fullnameOverride': maxLength"),
    ],
)
def test_a_wrong_value_is_refused(helm: Helm, setting: str, words: str) -> None:
    _refused(helm, setting, words)


def _refused(helm: Helm, setting: str, words: str) -> None:
    with pytest.raises(HelmFailed) as refusal:
        helm.rendered(setting, namespace=NAMESPACE)
    assert words in str(refusal.value)
