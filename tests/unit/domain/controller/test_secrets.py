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
from tests.support.scenes import (
    CA,
    SECRET,
    a_ready_harness,
    is_ready,
    issued,
    message,
    reason,
    with_issuer,
    with_request,
)

WHICH = "failed to get Secret containing Issuer credentials, secret name: system/credentials, reason: "


def refuse(harness: Harness, failure: ClusterError) -> None:
    async def credentials(secret: ObjectKey) -> Credentials:
        assert secret == SECRET
        raise failure

    harness.cluster.credentials = credentials  # type: ignore[method-assign]


def allow(harness: Harness) -> None:
    del harness.cluster.credentials


@pytest.mark.parametrize("failure", [NotFound("not found"), Forbidden("no RBAC"), Invalid("no such name")])
async def test_a_secret_that_cannot_be_read_is_named_and_the_reason_said(failure: ClusterError) -> None:
    harness = Harness()
    refuse(harness, failure)
    with_issuer(harness)
    await harness.run()
    assert (reason(harness, CA), message(harness, CA)) == ("Pending", f"Temporary error. Retrying: {WHICH}{failure}")
    assert harness.signer.checks == []
    allow(harness)
    harness.cluster.put_secret(SECRET, {"token": b"t0ken"})
    await harness.run()
    assert is_ready(harness)


@pytest.mark.parametrize("failure", [NotFound("not found"), Forbidden("no RBAC"), Invalid("no such name")])
async def test_it_opens_the_breaker_when_a_request_meets_it_first(failure: ClusterError) -> None:
    harness = await a_ready_harness()
    refuse(harness, failure)
    with_request(harness)
    await harness.run()
    assert message(harness, CA) == f"Temporary error. Retrying: {WHICH}{failure}"
    assert message(harness) == f"Waiting for the issuer: {WHICH}{failure}"
    assert harness.signer.orders == []
    allow(harness)
    await harness.advance(SECOND)
    assert issued(harness)


async def test_an_api_server_that_is_away_for_a_moment_is_no_fault_of_the_issuer() -> None:
    harness = await a_ready_harness()
    refuse(harness, Transient("503 from the API server"))
    with_request(harness)
    await harness.run()
    assert is_ready(harness)
    assert message(harness) == "Temporary error. Retrying: 503 from the API server"
    allow(harness)
    await harness.advance(SECOND)
    assert issued(harness)
