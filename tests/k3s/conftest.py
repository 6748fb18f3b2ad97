"""The image, and one node that runs it as deploy/ says.

Law: what other tests get from a process of this machine (`deployed`, `manager`) is here a Deployment's pods under the
restricted Pod Security level; so that a test of tests/e2e can be run on both.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cluster.fixtures import give_up
from tests.k3s import docker
from tests.k3s.availability import REMEDY, left_out

REPOSITORY = Path(__file__).parent.parent.parent
IMAGE = "sample-external-issuer:under-test"

collect_ignore_glob = ["test_*.py"] if left_out(os.environ) else []


@pytest.fixture(scope="session")
def engine() -> None:
    if reason := docker.why_unusable(os.environ):
        give_up(f"no k3s: {reason}", os.environ, REMEDY)


@pytest.fixture(scope="session")
def image(engine: None) -> str:
    """The name of the image, built by `make docker-build`."""
    return build(IMAGE)


def build(name: str, flags: str = "") -> str:
    flags = f"{os.environ.get('DOCKER_BUILD_FLAGS', '')} {flags}"
    docker.run("make", "docker-build", f"IMG={name}", f"DOCKER_BUILD_FLAGS={flags}", directory=REPOSITORY)
    return name
