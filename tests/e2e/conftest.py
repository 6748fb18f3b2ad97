"""The manager as a process of its own, with the rights of deploy/rbac, beside cert-manager's controllers.

There is no kubelet here, so the manager runs on this machine; everything else of it is as deployed.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from entrypoints.issuer import NAMESPACE
from tests.e2e import pods
from tests.e2e.objects import Objects
from tests.e2e.pods import Node
from tests.support import pki
from tests.support.cluster.cert_manager import CertManager
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.fixtures import give_up
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed

READY_SECONDS = 30
REFUSED = re.compile(r'User "system:serviceaccount:[^"]*" cannot .*')  # the words of the API server
METRICS_CA = pki.authority("metrics")


@dataclass(frozen=True)
class Manager:
    """`metrics` is where its metrics are, `certificates` the folder with the certificate that they are served by."""

    process: Process
    probes: str
    metrics: str
    certificates: Path

    def probe(self, path: str) -> int:
        """The status code of a probe; 0 while nobody listens."""
        try:
            with urlopen(f"{self.probes}{path}", timeout=5) as answer:
                return int(answer.status)
        except URLError as error:
            return getattr(error, "code", 0)

    def start(self) -> None:
        self.process.start()
        wait_until(self._is_ready, READY_SECONDS, "the manager is ready")

    def _is_ready(self) -> bool:
        self.process.check()
        return self.probe("/readyz") == 200


@pytest.fixture(scope="session")
def manager(
    deployed: Deployed, cert_manager: CertManager, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Manager]:
    """Ready, and ended at the end of the session; with cert-manager's controllers at its side."""
    yield from running(prepared(deployed.manager, tmp_path_factory.mktemp("manager")))


def prepared(kubeconfig: Path, directory: Path, *flags: str, before: Sequence[str | Path] = ()) -> Manager:
    """A manager that is not started yet; its log will be in the directory. `before` stands before its command."""
    probes, metrics = free_ports(2)
    certificates = directory / "certificates"
    certificates.mkdir()
    serve_with(certificates, METRICS_CA)
    command: list[str | Path] = [
        *before,
        shutil.which("env") or "/usr/bin/env",
        f"KUBECONFIG={kubeconfig}",
        sys.executable,
        "-m",
        "entrypoints.cli",
        "manager",
        f"--cluster-resource-namespace={NAMESPACE}",
        f"--health-probe-bind-address=127.0.0.1:{probes}",
        f"--metrics-bind-address=127.0.0.1:{metrics}",
        f"--metrics-cert-path={certificates}",
        *flags,
    ]
    process = Process("manager", command, directory / "manager.log")
    return Manager(process, f"http://127.0.0.1:{probes}", f"https://127.0.0.1:{metrics}", certificates)


def serve_with(certificates: Path, authority: pki.Authority) -> None:
    (certificates / "tls.crt").write_bytes(authority.pem)
    (certificates / "tls.key").write_bytes(authority.key_pem)


def running(manager: Manager) -> Iterator[Manager]:
    """RBAC must let it do all that it asks for, whatever the tests had it do."""
    try:
        manager.start()
        yield manager
        manager.process.check()
        assert REFUSED.findall(manager.process.log.read_text()) == []
    finally:
        manager.process.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows the end of the manager's log."""
    report = yield
    running = getattr(item, "funcargs", {}).get("manager")
    if report.failed and isinstance(running, Manager):
        report.sections.append(("manager", running.process.tail()))
    return report


@pytest.fixture
def namespace(deployed: Deployed) -> Iterator[str]:
    """A namespace of the test's own."""
    with deployed.server.namespace("e2e") as name:
        yield name


@pytest.fixture
def node(deployed: Deployed, namespace: str) -> Iterator[Node]:
    """A node of the test's own, called as its namespace."""
    if not pods.are_served(deployed.server):
        give_up("this Kubernetes does not serve PodCertificateRequests", os.environ, "use Kubernetes 1.37 or later")
    with pods.on_a_node(Objects(deployed.server, namespace), namespace) as node:
        yield node
