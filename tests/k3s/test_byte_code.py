"""The image has byte code of what the program imports, and of nothing else: Python says what it reads and compiles.

The runs: each module of ours imported by name, the demo, and a manager that finds no API server.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.k3s.image import ROOT, own_layer
from tests.k3s.test_image import HARDENED
from tests.support.cluster.waiting import wait_until
from tests.support.commands import REPOSITORY, run

RUNS = ["imports", "demo", "manager"]
MODULES = sorted(
    ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
    for package in ("domain", "adapters", "entrypoints")
    for file in (REPOSITORY / package).rglob("*.py")
)
VERBOSE = ("--tmpfs=/tmp", "--env=PYTHONVERBOSE=1")
NO_SERVER = """
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: none, user: {token: none}}]
contexts: [{name: none, context: {cluster: none, user: none}}]
current-context: none
"""


@dataclass(frozen=True)
class Seen:
    """Files that byte code was read from, and sources that were compiled."""

    read: set[str]
    compiled: set[str]


@pytest.fixture(scope="module")
def seen(image: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Seen]:
    samples = f"--volume={REPOSITORY / 'deploy' / 'samples'}:/samples:ro"
    said = {
        "imports": both("--entrypoint=python", image, "-c", f"import {', '.join(MODULES)}"),
        "demo": both(samples, image, "demo", "/samples"),
        "manager": of_a_manager(image, tmp_path_factory.mktemp("no-server") / "kubeconfig"),
    }
    return {name: told(text) for name, text in said.items()}


def told(text: str) -> Seen:
    read, compiled = (re.findall(rf"^# code object from {form}$", text, re.MULTILINE) for form in ("'/(.*)'", "(/.*)"))
    return Seen(set(read), set(compiled))


def both(*arguments: str) -> str:
    """What a container writes on stdout and stderr; the command must succeed."""
    command = ["docker", "run", *HARDENED, *VERBOSE, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout


def of_a_manager(image: str, kubeconfig: Path) -> str:
    kubeconfig.write_text(NO_SERVER)
    hardened = [option for option in HARDENED if option != "--rm"]
    given = (*VERBOSE, f"--volume={kubeconfig}:/kubeconfig:ro", "--env=KUBECONFIG=/kubeconfig")
    command = (image, "manager", "--cluster-resource-namespace=any", "--health-probe-bind-address=localhost:8081")
    container = run("docker", "run", "--detach", *hardened, *given, *command).strip()
    try:
        wait_until(lambda: "cannot be reached" in logs(container), 60, "the manager tries to reach the API server")
        run("docker", "stop", container)
        return logs(container)
    finally:
        run("docker", "rm", "--force", container)


def logs(container: str) -> str:
    command = ["docker", "logs", container]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


@pytest.mark.parametrize("name", RUNS)
def test_what_a_run_imports_is_not_compiled_again(seen: dict[str, Seen], name: str) -> None:
    assert f"{ROOT}/pycache/usr/lib/" in "".join(seen[name].read)
    assert seen[name].compiled == set()


def test_there_is_no_byte_code_that_no_run_reads(image: str, seen: dict[str, Seen]) -> None:
    there = {entry.name for entry in own_layer(image) if entry.name.endswith(".pyc")}
    assert there - set().union(*(each.read for each in seen.values())) == set()
