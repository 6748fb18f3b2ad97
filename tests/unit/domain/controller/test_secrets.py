"""An issuer whose Secret cannot be read.

It is Pending, says which Secret, where, and why in the server's own words, and calls no CA; it is looked at again
when the Secret changes, and where nobody would tell, after its backoff.
"""

from __future__ import annotations

import pytest

from domain.errors import ClusterError, Forbidden, Invalid, NotFound, Transient
from domain.model import Credentials, ObjectKey
from tests.support.factories import SECOND
from tests.support.harness import Harness
from tests.support.scenes import CA, SECRET, a_ready_world, is_ready, issued, message, reason, with_issuer, with_request

WHICH = "failed to get Secret containing Issuer credentials, secret name: system/credentials, reason: "


def refuse(world: Harness, failure: ClusterError) -> None:
    async def credentials(secret: ObjectKey) -> Credentials:
        assert secret == SECRET
        raise failure

    world.cluster.credentials = credentials  # type: ignore[method-assign]


def allow(world: Harness) -> None:
    del world.cluster.credentials


@pytest.mark.parametrize("failure", [NotFound("not found"), Forbidden("no RBAC"), Invalid("no such name")])
async def test_a_secret_that_cannot_be_read_is_named_and_the_reason_said(failure: ClusterError) -> None:
    world = Harness()
    refuse(world, failure)
    with_issuer(world)
    await world.run()
    assert (reason(world, CA), message(world, CA)) == ("Pending", f"Temporary error. Retrying: {WHICH}{failure}")
    assert world.signer.checks == []
    allow(world)
    world.cluster.put_secret(SECRET, {"token": b"t0ken"})
    await world.run()
    assert is_ready(world)


@pytest.mark.parametrize("failure", [NotFound("not found"), Forbidden("no RBAC"), Invalid("no such name")])
async def test_it_opens_the_breaker_when_a_request_meets_it_first(failure: ClusterError) -> None:
    world = await a_ready_world()
    refuse(world, failure)
    with_request(world)
    await world.run()
    assert message(world, CA) == f"Temporary error. Retrying: {WHICH}{failure}"
    assert message(world) == f"Waiting for the issuer: {WHICH}{failure}"
    assert world.signer.orders == []
    allow(world)
    await world.advance(SECOND)
    assert issued(world)


async def test_an_api_server_that_is_away_for_a_moment_is_no_fault_of_the_issuer() -> None:
    world = await a_ready_world()
    refuse(world, Transient("503 from the API server"))
    with_request(world)
    await world.run()
    assert is_ready(world)
    assert message(world) == "Temporary error. Retrying: 503 from the API server"
    allow(world)
    await world.advance(SECOND)
    assert issued(world)
