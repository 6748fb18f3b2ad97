"""The image, and one node that runs it as deploy/ says.

What other tests get from a process of this machine (`deployed`, `manager`) is here a Deployment's pods under the
restricted Pod Security level, so that a test of tests/e2e runs on both. cert-manager's controllers are a process here
as there: a node need not be able to pull anything.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import replace

import pytest
from testcontainers.community.k3s import K3SContainer

from entrypoints.issuer import NAMESPACE
from tests.k3s import applications, docker, node
from tests.k3s.applications import Peers
from tests.k3s.availability import REMEDY, left_out, node_image
from tests.k3s.pods import Pods
from tests.support import readme
from tests.support.building import NoToolchain
from tests.support.cluster import cert_manager as controllers
from tests.support.cluster.api_server import ApiServer, KubectlFailed
from tests.support.cluster.cert_manager import CertManager
from tests.support.cluster.fixtures import give_up
from tests.support.commands import REPOSITORY, make, typed
from tests.support.deployed import SERVICE_ACCOUNT, Deployed

INSTALL, TRY, *_ = readme.blocks(readme.section("README.md", "## Install"))
IMAGE = INSTALL[0].removeprefix("make docker-build IMG=")

collect_ignore_glob = ["test_*.py"] if left_out(os.environ) else []


@pytest.fixture(scope="session")
def node_image_here() -> str:
    """The name of the node's image; who has neither an engine nor the image gives up before anything is built."""
    if reason := docker.why_unusable(os.environ):
        give_up(f"no k3s: {reason}", os.environ, REMEDY)
    wanted = node_image(os.environ)
    if not docker.has_image(wanted, os.environ):
        give_up(f"no k3s: {wanted} is neither here nor can it be pulled", os.environ, "set K3S_IMAGE to one that is")
    return wanted


@pytest.fixture(scope="session")
def image(node_image_here: str) -> str:
    """The name of the image, built by `make docker-build`."""
    return build(IMAGE)


def build(name: str, flags: str = "") -> str:
    flags = f"{os.environ.get('DOCKER_BUILD_FLAGS', '')} {flags}"
    make(REPOSITORY, "docker-build", f"IMG={name}", f"DOCKER_BUILD_FLAGS={flags}", env=os.environ)
    return name


@pytest.fixture(scope="session")
def k3s(node_image_here: str, image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[K3SContainer]:
    """A node with the image loaded; what it writes ends in node.log."""
    with node.running(node_image_here) as started:
        node.load(started, image)
        yield started
        (tmp_path_factory.mktemp("node") / "node.log").write_bytes(b"".join(started.get_logs()))


@pytest.fixture(scope="session")
def api_server(k3s: K3SContainer, tmp_path_factory: pytest.TempPathFactory) -> ApiServer:
    try:
        return node.api_server(k3s, tmp_path_factory.mktemp("k3s"))
    except NoToolchain as error:
        give_up(f"kubectl and cert-manager's controllers must be built: {error}", os.environ)


@pytest.fixture(scope="session")
def cert_manager(api_server: ApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CertManager]:
    with controllers.running(api_server, tmp_path_factory.mktemp("k3s-cert-manager")) as working:
        yield working


@pytest.fixture(scope="session")
def deployed(api_server: ApiServer, cert_manager: CertManager) -> Deployed:
    """By what README.md has one type under Install; the image is loaded by then, in place of a push and a pull."""
    for command in INSTALL:
        if not command.startswith(("make docker-build ", "docker push ")):
            typed(command, api_server.environment)
    return Deployed(api_server, api_server.kubeconfig_for(NAMESPACE, SERVICE_ACCOUNT))


@pytest.fixture(scope="session")
def pods(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pods]:
    """Ready; what they write ends in pods.log."""
    found = Pods(deployed.server, tmp_path_factory.mktemp("pods"))
    try:
        found.wait_until_ready()
    except KubectlFailed as error:
        pytest.fail(f"{error}\n{story(found)}", pytrace=False)
    yield found
    (found.directory / "pods.log").write_text(found.logs())


@pytest.fixture(scope="module")
def manager(pods: Pods) -> Iterator[Pods]:
    """The leader's pod, with its metrics at an address of this machine."""
    with pods.forwarded() as address:
        yield replace(pods, metrics=address)


@pytest.fixture(scope="session")
def peers(pods: Pods, image: str) -> Iterator[Peers]:
    """Two pods of users, which speak with each other until the end of the session."""
    with applications.speaking(pods.server, image) as speaking:
        yield speaking


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed shows the pods, their Events and the ends of their logs."""
    report = yield
    found = getattr(item, "funcargs", {}).get("pods")
    if report.failed and isinstance(found, Pods):
        report.sections.append(("pods", story(found)))
    return report


def story(pods: Pods) -> str:
    asked = (
        ["get", "pods", "--output=wide"],
        ["get", "events"],
        ["logs", "--selector=app.kubernetes.io/name", "--tail=30"],
    )
    return "\n".join(_said(pods, *each) for each in asked)


def _said(pods: Pods, *arguments: str) -> str:
    try:
        return pods.kubectl(*arguments)
    except KubectlFailed as error:
        return str(error)
