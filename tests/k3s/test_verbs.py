"""What a person types, on the node: the samples as README.md has them under Install, and `make e2e`."""

from __future__ import annotations

from entrypoints.issuer import NAMES
from tests.k3s.conftest import TRY
from tests.k3s.pods import Pods
from tests.support.cluster.waiting import wait_until
from tests.support.commands import typed


def test_the_readmes_samples_are_ready_and_make_e2e_passes_and_leaves_nothing(pods: Pods) -> None:
    before = made(pods)
    for command in TRY:
        typed(command, pods.server.environment)
    assert "2 issuers, 2 certificates" in typed("make e2e", pods.server.environment)
    wait_until(lambda: made(pods) <= before, 30, "nothing of the samples is left")


def made(pods: Pods) -> set[str]:
    kinds = f"{NAMES.issuers},{NAMES.cluster_issuers},certificates,certificaterequests,secrets"
    return set(pods.server.kubectl("get", kinds, "--namespace=default", "--output=name").split())
