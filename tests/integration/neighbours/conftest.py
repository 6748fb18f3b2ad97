"""One control plane with the manager and all its neighbours, each with the rights of its own chart.

cert-manager's approver does not run: approver-policy decides, by the policy of deploy/NEIGHBOURS.md.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import prepared, running
from tests.e2e.objects import Objects, cluster_issuer
from tests.integration.neighbours import build, examples, processes
from tests.support import commands, pki
from tests.support.cluster import cert_manager
from tests.support.cluster.fixtures import built, started_own_api_server
from tests.support.cluster.process import Process
from tests.support.deployed import install

ROOT = pki.authority("Neighbours Root")
ISSUING = pki.authority("Neighbours Issuing", parent=ROOT)
_working = contextmanager(running)


@dataclass(frozen=True)
class Neighbourhood:
    """`tenant` makes objects in the namespace of the examples, where `my-issuer` is Ready."""

    tenant: Objects
    processes: tuple[Process, ...]


@pytest.fixture(scope="package")
def neighbourhood(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbourhood]:
    programs = built(pytestconfig, "approver-policy, trust-manager and cainjector", build.ensure, "install Go")
    directory = tmp_path_factory.mktemp("neighbours")
    with ExitStack() as stack:
        why, place = "to call webhooks of this machine", tmp_path_factory.mktemp("api-server")
        server = stack.enter_context(started_own_api_server(pytestconfig, place, why))
        deployed = install(server)
        commands.typed(examples.take_back_the_approver(), server.environment)
        values = examples.cert_manager_values()
        controllers = stack.enter_context(cert_manager.running(server, directory, *values)).process
        assert controllers
        manager = stack.enter_context(_working(prepared(deployed.manager, directory))).process
        tenant = Objects(server, examples.TENANT)
        _make_issuers(tenant)
        started = [stack.enter_context(run(server, programs, directory)) for run in processes.ALL]
        processes.wait_until_taken(server, examples.manifests(examples.APPROVER_POLICY))
        tenant.apply(*examples.manifests(examples.APPROVER_POLICY))
        yield Neighbourhood(tenant, (manager, controllers, *started))


def _make_issuers(tenant: Objects) -> None:
    tenant.server.kubectl("create", "namespace", tenant.namespace)
    pem = {"tls.crt": (ISSUING.pem + ROOT.pem).decode(), "tls.key": ISSUING.key_pem.decode()}
    administrator = Objects(tenant.server, NAMESPACE)
    for objects in (tenant, administrator):
        objects.apply(objects.secret("my-ca", **pem))
    tenant.apply(tenant.issuer("my-issuer", "my-ca", ca={}), cluster_issuer("my-cluster-issuer", "my-ca", ca={}))
    tenant.wait_for_reason(NAMES.issuer, "my-issuer", "Checked")
    tenant.wait_for_reason(NAMES.cluster_issuer, "my-cluster-issuer", "Checked")


@pytest.fixture
def tenant(neighbourhood: Neighbourhood) -> Objects:
    return neighbourhood.tenant


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows the end of each log."""
    report = yield
    found = getattr(item, "funcargs", {}).get("neighbourhood")
    if report.failed and isinstance(found, Neighbourhood):
        report.sections.extend((process.name, process.tail()) for process in found.processes)
    return report
