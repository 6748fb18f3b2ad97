"""Two managers, the chart's objects for monitoring, the Prometheus Operator and a Prometheus.

They have a control plane of their own, since tests stop managers and cut connections.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager, prepared, serve_with
from tests.e2e.objects import Objects
from tests.integration.deploy.chart import Helm, named
from tests.integration.deploy.manifests import Manifest
from tests.integration.prometheus import operator, scene, server
from tests.integration.prometheus.operator import Operator
from tests.integration.prometheus.scene import ELECTING, start
from tests.integration.prometheus.server import Prometheus, impatient, with_targets, without_samples
from tests.support import pki, prometheus
from tests.support.cluster.fixtures import built, started_api_server
from tests.support.cluster.pki import write_kubeconfig
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed, install
from tests.support.programs import HELM, PROMETHEUS_OPERATOR
from tests.support.remote.relay import Relay, in_background, relay_to

SECONDS = 60
SERVICE = f"{NAMES.controller}-metrics"
HOST = f"{SERVICE}.{NAMESPACE}.svc"
MONITOR = f"serviceMonitor/{NAMESPACE}/{NAMES.controller}-controller-manager/0"
BY_DEFAULT, NO_TOKEN, STRANGER, OTHER_NAME = "by default", "without a token", "a stranger's token", "another name"
CERTIFICATE = "metrics-certificate"
LEADER, SECOND = "leader-0", "second-1"


@dataclass(frozen=True)
class Stage:
    """`scrape` is what the operator made of the ServiceMonitor by default, `verified` with `metrics.certificate`."""

    objects: Objects
    helm: Helm
    managers: dict[str, Manager]
    prometheus: Prometheus
    scrape: dict[str, Any]
    verified: dict[str, Any]


@pytest.fixture(scope="package")
def stage(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    program = built(pytestconfig, "prometheus", partial(prometheus.ensure, "prometheus"), "install Prometheus")
    operator_program = built(pytestconfig, "prometheus-operator", PROMETHEUS_OPERATOR.ensure, "install Go")
    helm = Helm(built(pytestconfig, "helm", HELM.ensure, "install Go"), tmp_path_factory.mktemp("helm"))
    directory = tmp_path_factory.mktemp("prometheus")
    with ExitStack() as stack:
        api = stack.enter_context(started_api_server(pytestconfig, directory))
        deployed = install(api)
        (directory / "operator").mkdir()
        running = operator.running(api, operator_program, directory / "operator", server.version(program))
        working = stack.enter_context(running)
        objects = Objects(api, stack.enter_context(api.namespace("monitored")))
        relay = stack.enter_context(in_background(relay_to(api.server_url)))
        managers = {
            LEADER: _manager(through(relay, deployed, directory), directory / LEADER),
            SECOND: _manager(deployed.manager, directory / SECOND),
        }
        for manager in managers.values():
            stack.callback(manager.process.stop)
            start(manager, *ELECTING)
        scrapes = [_configured(objects, working, helm, setting) for setting in ((), _with_certificate(objects))]
        configuration = working.configuration(MONITOR)
        pods = {name: manager.metrics.partition("://")[2] for name, manager in managers.items()}
        by_default, verified = (with_targets(scrape, api, pods) for scrape in scrapes)
        stranger = {"type": "Bearer", "credentials": api.kubectl("create", "token", "default").strip()}
        other = verified["tls_config"] | {"server_name": "elsewhere.example.com"}
        configuration["scrape_configs"] = [
            verified,
            without_samples(by_default, BY_DEFAULT),
            without_samples(verified, NO_TOKEN, authorization=None),
            without_samples(verified, STRANGER, authorization=stranger),
            without_samples(verified, OTHER_NAME, tls_config=other),
        ]
        (directory / "server").mkdir()
        shown = server.running(program, directory / "server", configuration, impatient(working.files()))
        made = Stage(objects, helm, managers, stack.enter_context(shown), *scrapes)
        assert [each["lastError"] for each in made.prometheus.scrapes(MONITOR)] == [""] * len(managers)
        scene.play(objects, made.prometheus, managers[SECOND], relay)
        yield made


def through(relay: Relay, deployed: Deployed, directory: Path) -> Path:
    """The manager's kubeconfig, by way of the relay."""
    path = directory / "relayed.kubeconfig"
    config = json.loads(deployed.manager.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    write_kubeconfig(path, {**cluster, "server": relay.url}, user)
    return path


def _manager(kubeconfig: Path, directory: Path) -> Manager:
    """It serves its metrics as the pods do, by a certificate for the Service."""
    directory.mkdir()
    manager = prepared(kubeconfig, directory)
    serve_with(manager.certificates, LEAF)
    return manager


CA = pki.authority("CA of the metrics")
LEAF = pki.authority(
    HOST,
    parent=CA,
    constraints=None,
    bits=["digital_signature"],
    extensions=[
        (x509.SubjectAlternativeName([x509.DNSName(HOST)]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
    ],
)


def _with_certificate(objects: Objects) -> tuple[str, ...]:
    secret = Objects(objects.server, NAMESPACE).secret(CERTIFICATE, **{"ca.crt": CA.pem.decode()})
    objects.apply(secret)
    return (f'metrics.certificate.secretName="{CERTIFICATE}"',)


def _configured(objects: Objects, working: Operator, helm: Helm, settings: tuple[str, ...]) -> dict[str, Any]:
    """The scrape configuration that the operator makes of the chart with these values."""
    objects.apply(*_monitoring(helm, settings))

    def made() -> dict[str, Any] | None:
        found = working.configuration(MONITOR)["scrape_configs"]
        [scrape] = [each for each in found if each["job_name"] == MONITOR]
        return scrape if ("server_name" in scrape["tls_config"]) is bool(settings) else None

    found = wait_until(made, SECONDS, f"the operator configures {settings or 'the default'}")
    assert found is not None
    return found


def _monitoring(helm: Helm, settings: tuple[str, ...]) -> list[Manifest]:
    """What `prometheus.enabled` adds, and the Service; the rest of an installation is there."""
    before, after = (
        named(helm.rendered(f"prometheus.enabled={value}", *settings, namespace=NAMESPACE))
        for value in ("false", "true")
    )
    return [each for name, each in after.items() if name not in before or name[0] == "Service"]
