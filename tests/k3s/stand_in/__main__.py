"""Runs a command with what the tests of tests/k3s need: python -m tests.k3s.stand_in make test

That is an engine, and a node image: the one that K3S_IMAGE names or rancher/k3s where it can be had, else the
stand-in, which is made first. Where there can be neither, the command is run without those tests, and a line says
why; pytest's header repeats it. With REQUIRE_K3S=1 that is a failure instead, for machines that are known to have
Docker. Without a command: makes the images and prints the variables.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.k3s import docker
from tests.k3s.availability import node_image
from tests.k3s.stand_in import engine, images
from tests.k3s.stand_in.engine import Impossible
from tests.support.building import BuildFailed


@contextmanager
def provided(env: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables to run the tests with. Raises Impossible, BuildFailed."""
    with tempfile.TemporaryDirectory() as folder, engine.running(env, Path(folder)):
        yield {} if docker.has_image(node_image(env), env) else images.ensure(env)


def main(command: list[str]) -> int:
    try:
        with provided(os.environ) as variables:
            return run(command, variables)
    except Impossible as reason:
        print(f"\nTHE K3S PART IS NOT RUN: {reason}\n", file=sys.stderr, flush=True)
        if os.environ.get("REQUIRE_K3S") == "1":
            return 1
        return run(command, {"K3S_NOT_RUN": str(reason).splitlines()[0]})
    except BuildFailed as failure:
        print(f"{images.NAME}: build failed\n{failure}", file=sys.stderr)
        return 1


def run(command: list[str], variables: Mapping[str, str]) -> int:
    if command:
        return subprocess.run(command, env={**os.environ, **variables}).returncode
    print("\n".join(f"{name}={value}" for name, value in variables.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
