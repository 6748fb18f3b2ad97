"""A Docker engine for as long as it is needed: the one that answers, or Debian's, started here and ended again.

An engine that runs already is used as it is and left as it is; only what was started here is ended here.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.k3s import docker
from tests.k3s.stand_in import runc_within
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until
from tests.support.commands import CommandFailed, run

START_SECONDS = 60
STOP_SECONDS = 60
RUNTIME = "within"


class Impossible(Exception):
    """This machine can have no engine, or none that runs privileged containers; the message says why."""


@contextmanager
def running(env: Mapping[str, str], directory: Path) -> Iterator[None]:
    """Raises Impossible."""
    if docker.why_unusable(env) is None:
        yield
        return
    program = shutil.which("dockerd") or _installed(env)
    runtime = f"--add-runtime={RUNTIME}={Path(runc_within.__file__).resolve()}", f"--default-runtime={RUNTIME}"
    arguments = runtime if runc_within.lacks_capabilities() else ()
    engine = Process("dockerd", [program, *arguments], directory / "dockerd.log")
    try:
        engine.start()
        _wait_until_it_answers(engine, env)
        yield
    finally:
        engine.stop(STOP_SECONDS)


def require_privileges(env: Mapping[str, str]) -> None:
    """Raises Impossible where a node, which is privileged, could not start."""
    if not runc_within.lacks_capabilities():
        return
    if run("docker", "info", "--format={{.DefaultRuntime}}", env=env).strip() != RUNTIME:
        raise Impossible("the engine that answers cannot start privileged containers: root lacks capabilities here")


def require_started_with_privileges(image: str, env: Mapping[str, str]) -> None:
    """Raises Impossible where a container that is privileged does not start, as a node must be."""
    try:
        run("docker", "run", "--rm", "--privileged", image, "true", env=env)
    except CommandFailed as error:
        raise Impossible(f"no privileged container can be started: {error}") from None


def installed(packages: tuple[str, ...], env: Mapping[str, str]) -> None:
    """From Debian. Raises Impossible where only others may install, or nobody."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise Impossible(f"{', '.join(packages)} must be installed: only root on Debian may")
    print(f"Installing {' '.join(packages)} ...", file=sys.stderr, flush=True)
    # Run level 1 keeps the package of an engine from starting it.
    quiet = {**env, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    try:
        run("apt-get", "update", env=quiet)
        run("apt-get", "install", "--yes", "--no-install-recommends", *packages, env=quiet)
    except CommandFailed as error:
        raise Impossible(str(error)) from None


def _installed(env: Mapping[str, str]) -> str:
    installed(("docker.io",), env)
    found = shutil.which("dockerd")
    if found is None:
        raise Impossible("Debian's docker.io brought no dockerd")
    return found


def _wait_until_it_answers(engine: Process, env: Mapping[str, str]) -> None:
    def answers() -> bool:
        engine.check()
        return docker.why_unusable(env) is None

    try:
        wait_until(answers, START_SECONDS, "dockerd answers")
    except ProcessDied as error:
        raise Impossible(f"no Docker engine can be started: {error}") from None
    except TimeoutError as error:
        raise Impossible(f"no Docker engine can be started: {error}\n{engine.tail()}") from None
