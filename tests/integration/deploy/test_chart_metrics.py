"""With `metrics.certificate` the manager serves its metrics with a Secret, which a cert-manager issuer may make.

Helm renders it; no cluster is needed.
"""

from __future__ import annotations

import json

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.integration.deploy.chart import Helm, HelmFailed, named
from tests.integration.deploy.manifests import Manifest

PROJECT = NAMES.controller
CONTROLLER = f"{PROJECT}-controller-manager"
SERVICE = f"{PROJECT}-metrics"
HOST = f"{SERVICE}.{NAMESPACE}.svc"
OWN = f"{PROJECT}-metrics-certificate"
ISSUER = {"name": "cluster-ca", "kind": "ClusterIssuer", "group": "cert-manager.io"}
SECRET = 'metrics.certificate.secretName="mine"'
BY_ISSUER = f"metrics.certificate.issuerRef={json.dumps(ISSUER)}"
MONITORED = "prometheus.enabled=true"
CERTIFICATE = ("Certificate", NAMESPACE, SERVICE)
SERVES = [((SECRET,), "mine"), ((BY_ISSUER,), OWN), ((SECRET, BY_ISSUER), "mine")]

Rendered = dict[tuple[str, str | None, str], Manifest]


def rendered(helm: Helm, *settings: str) -> Rendered:
    return named(helm.rendered(MONITORED, *settings, namespace=NAMESPACE))


@pytest.mark.parametrize(("settings", "secret"), SERVES)
def test_the_manager_serves_with_the_secret(helm: Helm, settings: tuple[str, ...], secret: str) -> None:
    pod = _pod(rendered(helm, *settings))
    [container], [volume] = pod["containers"], pod["volumes"]
    [mount] = container["volumeMounts"]

    assert volume == {"name": mount["name"], "secret": {"secretName": secret}}
    assert mount["readOnly"] is True
    assert f"--metrics-cert-path={mount['mountPath']}" in container["args"]


@pytest.mark.parametrize(("settings", "secret"), SERVES)
def test_the_service_monitor_verifies_it(helm: Helm, settings: tuple[str, ...], secret: str) -> None:
    monitor = rendered(helm, *settings)["ServiceMonitor", NAMESPACE, CONTROLLER]
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["tlsConfig"] == {"serverName": HOST, "ca": {"secret": {"name": secret, "key": "ca.crt"}}}


def test_the_issuer_makes_it_for_the_names_of_the_service(helm: Helm) -> None:
    found = rendered(helm, BY_ISSUER)
    spec = found[CERTIFICATE]["spec"]
    assert ("Service", NAMESPACE, SERVICE) in found
    assert (spec["secretName"], spec["dnsNames"]) == (OWN, [HOST, f"{HOST}.cluster.local"])
    assert "server auth" in spec["usages"]
    assert spec["issuerRef"] == ISSUER


def test_the_secret_that_the_issuer_makes_can_have_another_name(helm: Helm) -> None:
    assert rendered(helm, SECRET, BY_ISSUER)[CERTIFICATE]["spec"]["secretName"] == "mine"


def test_a_secret_alone_makes_no_certificate(helm: Helm) -> None:
    assert CERTIFICATE not in rendered(helm, SECRET)


def test_names_follow_release_and_prefix(helm: Helm) -> None:
    found = named(helm.rendered(BY_ISSUER, 'fullnameOverride="pki"', namespace="elsewhere"))
    spec = found["Certificate", "elsewhere", "pki-metrics"]["spec"]
    assert spec["dnsNames"][0] == "pki-metrics.elsewhere.svc"
    assert spec["secretName"] == "pki-metrics-certificate"
    assert ("Service", "elsewhere", "pki-metrics") in found


def test_further_volumes_stand_beside_it(helm: Helm) -> None:
    volume, mount = {"name": "bundle", "emptyDir": {}}, {"name": "bundle", "mountPath": "/bundle"}
    settings = f"extraVolumes={json.dumps([volume])}", f"extraVolumeMounts={json.dumps([mount])}"
    pod = _pod(rendered(helm, SECRET, *settings))
    assert pod["volumes"][1:] == [volume]
    assert pod["containers"][0]["volumeMounts"][1:] == [mount]


def test_without_metrics_there_is_none(helm: Helm) -> None:
    off = "metrics.enabled=false"
    without, usual = (helm.rendered(*each, namespace=NAMESPACE) for each in ((BY_ISSUER, SECRET, off), (off,)))
    assert without == usual


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('metrics.certificate.secret="mine"', "at '/metrics/certificate': additional properties 'secret' not allowed"),
        ('metrics.certificate.issuerRef={"kind":"ClusterIssuer"}', "at '/metrics/certificate/issuerRef'"),
        (
            'metrics.certificate.issuerRef="ca"',
            "at '/metrics/certificate/issuerRef': got string, want object",
        ),
        ('metrics.certificate.secretName="Not a name"', "at '/metrics/certificate/secretName'"),
    ],
)
def test_a_wrong_value_is_refused(helm: Helm, setting: str, words: str) -> None:
    with pytest.raises(HelmFailed) as refusal:
        rendered(helm, setting)
    assert words in str(refusal.value)


def _pod(found: Rendered) -> Manifest:
    pod: Manifest = found["Deployment", NAMESPACE, CONTROLLER]["spec"]["template"]["spec"]
    return pod
