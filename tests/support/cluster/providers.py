"""Where an API server comes from: an ordered list of ways, the first that can be gone is taken.

What you name explicitly is never replaced by something else: a variable that is set but wrong ends the search.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.cluster import build, toolchain
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.controlplane import ControlPlane

ENVTEST_PROGRAMS = ("etcd", "kube-apiserver", "kubectl")


class Misconfigured(Exception):
    """A variable is set to something that cannot serve."""


@dataclass(frozen=True)
class Provider:
    """`start` takes a directory for its files, and ends what it started when its context is left."""

    description: str
    start: Callable[[Path], AbstractContextManager[ApiServer]]


@dataclass(frozen=True)
class Unavailable:
    """No way leads to an API server; one reason for each way that was tried, in order."""

    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return "; ".join(self.reasons)


def choose(env: Mapping[str, str]) -> Provider | Unavailable:
    """Starts and builds nothing, so that a test header may ask."""
    reasons: list[str] = []
    for way in WAYS:
        try:
            found = way(env)
        except Misconfigured as error:
            return Unavailable((*reasons, str(error)))
        if isinstance(found, Provider):
            return found
        reasons.append(found)
    return Unavailable(tuple(reasons))


def _named_kubeconfig(env: Mapping[str, str]) -> Provider | str:
    if not (value := env.get("KUBECONFIG_FOR_TESTS")):
        return "KUBECONFIG_FOR_TESTS is not set"
    kubeconfig = Path(value).absolute()
    if not kubeconfig.is_file():
        raise Misconfigured(f"KUBECONFIG_FOR_TESTS={value}: no such file")
    if (kubectl := _kubectl(env)) is None:
        raise Misconfigured("KUBECONFIG_FOR_TESTS needs a kubectl on PATH or in the cache")
    description = f"the cluster of KUBECONFIG_FOR_TESTS={value}"

    @contextmanager
    def start(directory: Path) -> Iterator[ApiServer]:
        yield ApiServer(kubeconfig, description, kubectl, directory)

    return Provider(description, start)


def _envtest(env: Mapping[str, str]) -> Provider | str:
    if not (value := env.get("KUBEBUILDER_ASSETS")):
        return "KUBEBUILDER_ASSETS is not set"
    programs = Path(value).absolute()
    if missing := [name for name in ENVTEST_PROGRAMS if not (programs / name).is_file()]:
        raise Misconfigured(f"KUBEBUILDER_ASSETS={value} lacks {', '.join(missing)}")
    description = f"the programs of KUBEBUILDER_ASSETS={value}"
    return Provider(description, lambda directory: _control_plane(programs, directory, description))


def _go(env: Mapping[str, str]) -> Provider | str:
    if (value := env.get(toolchain.VARIABLE, "newest")) not in toolchain.MODULE_FILES:
        raise Misconfigured(f"{toolchain.VARIABLE}={value}: say {' or '.join(toolchain.MODULE_FILES)}")
    kubernetes = f"Kubernetes {toolchain.kubernetes_version(env)}"
    if warm := build.find_warm(env):
        description = f"{kubernetes}, built from Go modules ({warm.directory.name})"
    elif reason := toolchain.why_unusable(env):
        return f"no Go toolchain: {reason}"
    else:
        description = f"{kubernetes}, to be built from Go modules: the first run takes minutes"
    return Provider(description, lambda directory: _control_plane(build.ensure(env).programs, directory, description))


WAYS: tuple[Callable[[Mapping[str, str]], Provider | str], ...] = (_named_kubeconfig, _envtest, _go)


@contextmanager
def _control_plane(programs: Path, directory: Path, description: str) -> Iterator[ApiServer]:
    with ControlPlane(programs, directory) as running:
        kubectl = programs / "kubectl"
        yield ApiServer(running.kubeconfig, description, kubectl, directory, running.processes, host="127.0.0.1")


def _kubectl(env: Mapping[str, str]) -> Path | None:
    """Ours before any on PATH, which may be years old."""
    if warm := build.find_warm(env):
        return warm.programs / "kubectl"
    found = shutil.which("kubectl", path=env.get("PATH", ""))
    return Path(found) if found else None
