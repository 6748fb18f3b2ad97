"""The project as deploy/ installs it, in a real API server; a pytest plugin.

What is tested is what is deployed: its CRDs, and the manager's ServiceAccount with the RBAC of deploy/rbac and
nothing else (deploy/local). No test gives it more.
"""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.kubeconfig import load
from adapters.memory.metrics import MemoryMetrics
from entrypoints.issuer import NAMES, NAMESPACE
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.cert_manager import CertManager

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVICE_ACCOUNT = f"{NAMES.controller}-controller-manager"


@dataclass(frozen=True)
class Deployed:
    """`manager` is a kubeconfig with the rights of the manager, `server` speaks as the administrator."""

    server: ApiServer
    manager: Path


@pytest.fixture(scope="session")
def deployed(api_server: ApiServer) -> Deployed:
    return install(api_server)


def install(server: ApiServer) -> Deployed:
    server.install_cert_manager_crds()
    server.kubectl("apply", "--server-side", f"--kustomize={DEPLOY / 'crd'}")
    crds = [f"{plural}.{NAMES.group}" for plural in (NAMES.issuers, NAMES.cluster_issuers)]
    server.kubectl("wait", "--for=condition=Established", "crd", *crds, "--timeout=30s")
    server.kubectl("apply", "--server-side", f"--kustomize={DEPLOY / 'local'}")
    return Deployed(server, server.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT))


@pytest_asyncio.fixture
async def manager_api(deployed: Deployed) -> AsyncIterator[Api]:
    """The choke point to the API server, with the rights of the manager."""
    api = Api(client_of(load([deployed.manager]), MemoryMetrics()), field_manager=NAMES.controller)
    yield api
    await api.close()


@pytest.fixture
def nobody_approves(cert_manager: CertManager) -> Iterator[None]:
    """cert-manager's controllers stand still, for its approver would approve every request at once."""
    if cert_manager.process is None:
        pytest.fail("this cluster has a cert-manager of its own, whose approver would interfere: use one without")
    os.kill(cert_manager.process.pid, signal.SIGSTOP)
    yield
    os.kill(cert_manager.process.pid, signal.SIGCONT)
