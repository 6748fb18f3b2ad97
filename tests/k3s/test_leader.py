"""A leader that dies at once, by SIGKILL in its pod: another leads, signing goes on, and the pod comes back."""

from __future__ import annotations

import time

from testcontainers.community.k3s import K3SContainer

from tests.e2e.conftest import namespace as namespace
from tests.e2e.objects import Objects
from tests.k3s import node
from tests.k3s.pods import Pods, container_id
from tests.support import pki
from tests.support.cluster.waiting import wait_until
from tests.support.figures import Report

__all__ = ["namespace"]

SECONDS = 60


def test_a_killed_leader_is_replaced_and_signing_goes_on(
    k3s: K3SContainer, pods: Pods, namespace: str, report: Report
) -> None:
    objects = Objects(pods.server, namespace)
    objects.apply(objects.secret(), objects.issuer(), objects.request("before", pki.csr()))
    objects.wait_for_reason("certificaterequest", "before", "Issued")
    leader, held_by = pods.leader(), pods.holder()
    name = leader["metadata"]["name"]
    node.kill(k3s, container_id(leader))
    killed = time.monotonic()
    objects.apply(objects.request("after", pki.csr()))
    wait_until(lambda: pods.holder() not in ("", held_by), SECONDS, "another one holds the Lease")
    report("from SIGKILL of the leader's pod to the next one's Lease", time.monotonic() - killed)
    objects.wait_for_reason("certificaterequest", "after", "Issued")
    report("from SIGKILL of the leader's pod to the request that waited for it", time.monotonic() - killed)
    wait_until(lambda: pods.restarts()[name] == 1, SECONDS, "the kubelet has restarted the killed one")
    pods.wait_until_ready()
    pods.kubectl("delete", "pod", name)  # so that a restart that nobody made is seen in the count of all
    pods.wait_until_ready()
