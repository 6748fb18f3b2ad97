"""Pods' certificates are renewed while they run. The last file, so that other tests run meanwhile.

A kubelet begins 8 to 15 minutes after the signing: the issuer says when (refreshAfter: 10m, and certificates begin two
minutes back), and the kubelet adds up to 5 minutes to that, and up to 2 until it looks.
"""

from __future__ import annotations

import time

import pytest

from tests.k3s.applications import KEY_TYPES, SECONDS, Application, Peers, is_issued, serial
from tests.support.cluster.waiting import wait_until
from tests.support.figures import Report

MOST = 20 * 60  # seconds
TURNS = 2 * len(KEY_TYPES)


@pytest.mark.timeout(MOST + 2 * SECONDS)
def test_pods_have_new_certificates_before_the_first_end_and_no_connection_fails(peers: Peers, report: Report) -> None:
    first = {serial(each) for each in peers.first}

    def seen_anew(role: str) -> set[str]:
        """Serial numbers of certificates that one of the two has shown lately, and had not when it started."""
        return {each[role] for each in peers.client.said(TURNS) if role in each} - first

    began = time.monotonic()
    wait_until(lambda: seen_anew("client") and seen_anew("server"), MOST, "both show other certificates")
    report("waited for the kubelet to renew certificates of pods", time.monotonic() - began)
    for application, role in ((peers.client, "client"), (peers.server, "server")):
        assert was_renewed(peers, application, seen_anew(role))
        assert [each["restartCount"] for each in application.status()["containerStatuses"]] == [0]
    before = len(peers.client.said())
    wait_until(lambda: len(peers.client.said()) >= before + TURNS, SECONDS, "connections go on")
    assert [each for each in peers.client.said() if "failed" in each] == []


def was_renewed(peers: Peers, application: Application, serials: set[str]) -> bool:
    """Whether the kubelet has got one of these for the same pod, before the first ones have ended."""
    first = [each for each in peers.first if each["spec"]["serviceAccountName"] == application.name]
    ends, pods = {each["status"]["notAfter"] for each in first}, {each["spec"]["podUID"] for each in first}
    renewed = [each for each in application.requests() if is_issued(each) and serial(each) in serials]
    return any(each["spec"]["podUID"] in pods and each["status"]["notBefore"] < min(ends) for each in renewed)
