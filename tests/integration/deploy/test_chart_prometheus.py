"""With `prometheus.enabled` a default kube-prometheus-stack reads ServiceMonitor and rules, and may read the metrics.

Helm renders it; no cluster is needed. tests/integration/prometheus shows it to the operator and to a Prometheus.
"""

from __future__ import annotations

import pytest

from tests.integration.deploy.chart import LABELS, Helm, HelmFailed, named
from tests.integration.deploy.manifests import Manifest

ELSEWHERE, PREFIX = "elsewhere", "pki"
NAME = f'fullnameOverride="{PREFIX}"'
LABELLED = [("ServiceMonitor", f"{PREFIX}-controller-manager"), ("PrometheusRule", f"{PREFIX}-alerts")]
ROLE = ("ClusterRole", None, f"{PREFIX}-metrics-reader")


def rendered(helm: Helm, *settings: str) -> dict[tuple[str, str | None, str], Manifest]:
    return named(helm.rendered("prometheus.enabled=true", NAME, *settings, namespace=ELSEWHERE))


@pytest.mark.parametrize(
    ("settings", "labels"),
    [
        ((), {"release": "kube-prometheus-stack"}),
        (('prometheus.labels.release="monitoring"',), {"release": "monitoring"}),
        (('prometheus.labels={"release":null,"team":"pki"}',), {"team": "pki"}),
    ],
)
@pytest.mark.parametrize(("kind", "name"), LABELLED)
def test_prometheus_finds_them_by_their_labels(
    helm: Helm, settings: tuple[str, ...], labels: dict[str, str], kind: str, name: str
) -> None:
    found = rendered(helm, *settings)[kind, ELSEWHERE, name]["metadata"]["labels"]
    usual = {*LABELS, "app.kubernetes.io/name"}
    assert {each: value for each, value in found.items() if each not in usual} == labels


def test_the_service_monitor_shows_a_token_that_may_read_the_metrics(helm: Helm) -> None:
    found = rendered(helm)
    [endpoint] = found["ServiceMonitor", ELSEWHERE, f"{PREFIX}-controller-manager"]["spec"]["endpoints"]
    shown = endpoint["authorization"]
    secret = found["Secret", ELSEWHERE, shown["credentials"]["name"]]
    account = secret["metadata"]["annotations"]["kubernetes.io/service-account.name"]
    binding = found["ClusterRoleBinding", None, f"{PREFIX}-metrics-reader"]

    assert (shown["type"], shown["credentials"]["key"]) == ("Bearer", "token")
    assert "bearerTokenFile" not in endpoint
    assert secret["type"] == "kubernetes.io/service-account-token"
    assert ("ServiceAccount", ELSEWHERE, account) in found
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": account, "namespace": ELSEWHERE}]
    assert (binding["roleRef"]["kind"], None, binding["roleRef"]["name"]) == ROLE
    assert ROLE in found


def test_another_account_may_read_the_metrics(helm: Helm) -> None:
    usual = rendered(helm)
    more = rendered(helm, 'prometheus.serviceAccount={"name":"prometheus","namespace":"monitoring"}')
    [name] = more.keys() - usual.keys()
    subject = {"kind": "ServiceAccount", "name": "prometheus", "namespace": "monitoring"}
    assert more[name]["subjects"] == [subject]
    assert (more[name]["roleRef"]["kind"], None, more[name]["roleRef"]["name"]) == ROLE


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("prometheus.label={}",), "at '/prometheus': additional properties 'label' not allowed"),
        (("prometheus.labels.release=1",), "at '/prometheus/labels/release': got number, want string"),
        (('prometheus.serviceAccount.name="Not a name"',), "at '/prometheus/serviceAccount/name'"),
        (
            ('prometheus.serviceAccount.name="prometheus"',),
            "prometheus.serviceAccount.name needs prometheus.serviceAccount.namespace",
        ),
        (("metrics.enabled=false",), "prometheus.enabled needs metrics.enabled"),
    ],
)
def test_a_wrong_value_is_refused(helm: Helm, settings: tuple[str, ...], words: str) -> None:
    with pytest.raises(HelmFailed) as refusal:
        rendered(helm, *settings)
    assert words in str(refusal.value)
