"""The verbs of the Makefile that want a cluster, on the node: what a person types."""

from __future__ import annotations

import os

from tests.cluster.waiting import wait_until
from tests.k3s import docker
from tests.k3s.conftest import REPOSITORY
from tests.k3s.pods import Pods


def test_make_e2e_passes_and_leaves_nothing(pods: Pods) -> None:
    program = pods.server.program.parent
    env = {**os.environ, "KUBECONFIG": str(pods.server.kubeconfig), "PATH": f"{program}:{os.environ['PATH']}"}
    assert "2 issuers, 2 certificates" in docker.run("make", "e2e", env=env, directory=REPOSITORY)
    made = "get", "sampleissuers,sampleclusterissuers,certificates,certificaterequests,secrets"
    left = *made, "--namespace=default", "--output=name"
    wait_until(lambda: not pods.server.kubectl(*left), 30, "nothing of the samples is left")
