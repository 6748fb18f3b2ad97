"""The pytest plugin of this folder: `api_server` and `cert_manager` for a whole session, and a line in the header.

A cluster that is missing is said loudly and skips tests; with REQUIRE_CLUSTER=1 it fails them.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.support.building import BuildFailed, NoToolchain
from tests.support.cluster import cert_manager as controllers
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.cert_manager import CertManager
from tests.support.cluster.controlplane import StartFailed
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.providers import Unavailable, choose

HOW_TO_GET_ONE = "install Go, or set KUBECONFIG_FOR_TESTS or KUBEBUILDER_ASSETS"
UNSET = "unset KUBECONFIG_FOR_TESTS"


def pytest_report_header() -> list[str]:
    return header(os.environ)


def header(env: Mapping[str, str]) -> list[str]:
    choice = choose(env)
    if not isinstance(choice, Unavailable):
        return [f"api server: {choice.description}"]
    verdict = "FAIL" if _is_required(env) else "BE SKIPPED"
    why = [f"  - {reason}" for reason in choice.reasons]
    return [f"api server: NONE. CLUSTER TESTS WILL {verdict}:", *why, f"  To get one: {HOW_TO_GET_ONE}."]


def give_up(reason: str, env: Mapping[str, str], remedy: str = HOW_TO_GET_ONE) -> NoReturn:
    """Skips the test that needs a cluster or a CA, or fails it where they are required."""
    message = f"{reason}. To get one: {remedy}"
    if _is_required(env):
        _fail(f"REQUIRE_CLUSTER=1, but {message}")
    pytest.skip(message)


def built(config: pytest.Config, name: str, ensure: Callable[[Mapping[str, str]], Path], remedy: str) -> Path:
    """A CA's program, which is built where it is not there yet; the test is given up where nothing can build it."""
    try:
        with _shown_live(config, f"starting {name}"):
            return ensure(os.environ)
    except NoToolchain as error:
        give_up(f"no {name}: {error}", os.environ, remedy)
    except BuildFailed as error:
        _fail(f"no {name}: {error}")


@pytest.fixture(scope="session")
def api_server(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A real API server with RBAC, for all tests of the session: give each test namespaces of its own."""
    with started_api_server(pytestconfig, tmp_path_factory.mktemp("api-server")) as server:
        yield server


@contextmanager
def started_api_server(config: pytest.Config, directory: Path) -> Iterator[ApiServer]:
    """One more of the kind that the session has; the test is given up where there is none."""
    choice = choose(os.environ)
    if isinstance(choice, Unavailable):
        give_up(f"no API server: {choice}", os.environ)
    with ExitStack() as stack:
        with _shown_live(config, f"starting {choice.description}"):
            try:
                server = stack.enter_context(choice.start(directory))
            except (BuildFailed, StartFailed) as error:
                _fail(f"no API server from {choice.description}: {error}")
        yield server


@contextmanager
def started_own_api_server(config: pytest.Config, directory: Path, why: str) -> Iterator[ApiServer]:
    """One more, whose processes are this run's; `why` no other would do. The test is given up where there is none."""
    with started_api_server(config, directory) as server:
        if not server.processes:
            give_up(f"no API server of this run's own, {why}", os.environ, UNSET)
        yield server


def required(process: Process | None, name: str) -> Process:
    """The process; the test is given up where it does not run because the cluster is somebody's own."""
    if process is None:
        give_up(f"{name} is no process of this run", os.environ, UNSET)
    return process


@pytest.fixture(scope="session")
def cert_manager(
    api_server: ApiServer, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CertManager]:
    """cert-manager's CRDs and its controllers, from an approved Certificate to its Secret."""
    with ExitStack() as stack:
        try:
            with _shown_live(pytestconfig, "starting cert-manager's controllers"):
                directory = tmp_path_factory.mktemp("cert-manager")
                working = stack.enter_context(controllers.running(api_server, directory))
        except NoToolchain as error:
            give_up(f"cert-manager's controllers must be built: {error}", os.environ)
        except (BuildFailed, ProcessDied) as error:
            _fail(f"no cert-manager: {error}")
        yield working


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that failed with cert-manager beside it shows the end of cert-manager's log."""
    report = yield
    working = getattr(item, "funcargs", {}).get("cert_manager")
    if report.failed and isinstance(working, CertManager) and working.process:
        report.sections.append(("cert-manager", working.process.tail()))
    return report


@contextmanager
def _shown_live(config: pytest.Config, announcement: str) -> Iterator[None]:
    """What is written within goes to the terminal at once, past pytest's capture: a first build takes minutes."""
    capture = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        print(f"\n{announcement}", file=sys.stderr, flush=True)
        yield


def _fail(message: str) -> NoReturn:
    """The message says it all: no traceback, and no second telling of the error it comes from."""
    raise pytest.fail.Exception(message, pytrace=False) from None


def _is_required(env: Mapping[str, str]) -> bool:
    return env.get("REQUIRE_CLUSTER") == "1"
