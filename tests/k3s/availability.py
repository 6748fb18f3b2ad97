"""Whether the tests of this folder can run, told in the header; a pytest plugin.

They run, or a line says why not. With REQUIRE_CLUSTER=1 it is a failure that they cannot; only K3S_NOT_RUN, by
which .ci/run says its reason itself, leaves them out.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from tests.k3s import docker

DEFAULT_IMAGE = "rancher/k3s:v1.37.2-k3s1"
REMEDY = "start a Docker engine, or run .ci/run as root, which brings its own"


def node_image(env: Mapping[str, str]) -> str:
    return env.get("K3S_IMAGE") or DEFAULT_IMAGE


def left_out(env: Mapping[str, str]) -> str | None:
    """The reason of whoever started the tests to leave these out."""
    return env.get("K3S_NOT_RUN")


def pytest_report_header() -> list[str]:
    return header(os.environ)


def header(env: Mapping[str, str]) -> list[str]:
    if reason := left_out(env):
        return [f"k3s: NOT RUN: {reason}"]
    if reason := docker.why_unusable(env):
        verdict = "FAIL" if env.get("REQUIRE_CLUSTER") == "1" else "BE SKIPPED"
        return [f"k3s: NONE. THE IMAGE AND PODS ARE NOT TESTED, THOSE TESTS WILL {verdict}: {reason}", f"  {REMEDY}."]
    return [f"k3s: {node_image(env)}"]
