"""What of the Lease no real API server shows on demand: answers that are none, and what exactly is sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx2
import pytest

from adapters.kubernetes.lease import KubernetesLease
from domain.errors import Forbidden, Invalid, Transient
from domain.ports import LeaseRecord
from tests.contracts.lease_contract import DATE, OURS
from tests.unit.adapters.kubernetes.hostile import NOT_RFC_1123
from tests.unit.adapters.kubernetes.wire import Wire, answering, body_of

STORED: dict[str, Any] = {
    "metadata": {"name": "x", "resourceVersion": "7", "uid": "u", "managedFields": [{"manager": "m"}]},
    "spec": {"holderIdentity": "them", "leaseDurationSeconds": 15},
}


def lease(wire: Wire) -> KubernetesLease:
    return KubernetesLease(wire.api, "system", "x")


async def test_a_replacement_names_the_version_it_read_and_keeps_other_metadata() -> None:
    wire = answering(STORED)
    one = lease(wire)
    read = await one.read()
    assert read == LeaseRecord("them", timedelta(seconds=15), version="7")
    await one.write(LeaseRecord("us", timedelta(seconds=14), 1, DATE, DATE, "7"))
    sent = wire.asked[1]
    assert (sent.method, sent.url.path) == ("PUT", "/apis/coordination.k8s.io/v1/namespaces/system/leases/x")
    assert body_of(sent)["metadata"] == {"name": "x", "namespace": "system", "resourceVersion": "7", "uid": "u"}


async def test_the_first_one_is_created_without_a_version() -> None:
    wire = answering(STORED)
    await lease(wire).write(OURS)
    assert wire.only.method == "POST"
    assert body_of(wire.only)["metadata"] == {"name": "x", "namespace": "system"}


@pytest.mark.parametrize("answer", [{}, {"metadata": {}}, {"metadata": {"name": "x"}, "spec": None}, []], ids=str)
async def test_an_answer_that_is_no_lease_makes_nobody_leader(answer: Any) -> None:
    wire = Wire(lambda _: httpx2.Response(200, json=answer))
    with pytest.raises(Transient):
        await lease(wire).read()


async def test_a_refusal_is_told_in_the_servers_words() -> None:
    with pytest.raises(Forbidden, match="not yours"):
        await lease(answering({"kind": "Status", "message": "not yours"}, 403)).read()


async def test_a_refused_name_is_never_sent() -> None:
    for name in NOT_RFC_1123:
        with pytest.raises(Invalid):
            await KubernetesLease(Wire().api, "system", name).read()
