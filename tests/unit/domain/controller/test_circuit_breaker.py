"""The circuit breaker as a whole: a signer complains, the issuer waits, one request tries first, then all.

While it is open nobody calls the CA; its backoff outlives a passing check and ends with a signature alone; and
however a trial ends, nobody who waited for it is left behind.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import ObjectKey, Pending
from tests.support.factories import MINUTE, SECOND
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    SECRET,
    a_ready_world,
    is_ready,
    issued,
    message,
    signed,
    uid,
    with_issuer,
    with_request,
    with_secret,
)

DOWN = IssuerUnhealthy("503 from the CA")


async def a_tripped_world(requests: int = 1, failures: int = 1) -> tuple[Harness, list[ObjectKey]]:
    """A signer complained so many times; the check has not passed since; the requests wait."""
    world = await a_ready_world()
    keys = [with_request(world, "first")]
    for _ in range(failures):
        world.signer.answers.append(DOWN)
        await world.advance_to_next() if not is_ready(world) else await world.run()
    keys += [with_request(world, f"other-{number}") for number in range(requests - 1)]
    await world.run()
    assert not is_ready(world)
    world.signer.orders.clear()
    return world, keys


async def a_half_open_world(requests: int = 3) -> tuple[Harness, list[ObjectKey]]:
    """The check has passed again; one request is being signed and does not come to its end."""
    world, keys = await a_tripped_world(requests)
    world.signer.hold()
    await world.advance_to_next()
    world.signer.release()  # the check
    await world.run()
    assert is_ready(world)
    return world, keys


async def test_a_complaining_signer_makes_the_issuer_pending_and_its_requests_wait() -> None:
    world = await a_ready_world()
    world.signer.answers.append(DOWN)
    with_request(world)
    await world.run()
    assert message(world, CA) == "Temporary error. Retrying: 503 from the CA"
    assert message(world) == "Waiting for the issuer: 503 from the CA"
    later = with_request(world, "later")
    await world.run()
    assert message(world, later) == "Waiting for the issuer: SampleClusterIssuer ca is not Ready"
    assert len(signed(world)) == 1
    await world.advance(SECOND)
    assert issued(world)
    assert issued(world, later)


async def test_a_signature_during_a_running_check_closes_the_breaker() -> None:
    world, _ = await a_half_open_world(1)
    world.cluster.update(CA, annotations={"check": "now"})
    await world.run()
    assert len(world.signer.held) == 2
    world.signer.release(0)  # the trial
    await world.run()
    world.signer.release_all()
    await world.run()
    world.signer.hold()
    for number in range(3):
        with_request(world, f"more-{number}")
    await world.run()
    assert len(world.signer.held) == 3


async def test_the_backoff_grows_over_passing_checks_and_ends_with_a_signature() -> None:
    world, keys = await a_tripped_world(failures=4)
    assert 7 * SECOND < await world.advance_to_next() <= 8 * SECOND
    assert issued(world, keys[0])
    world.signer.answers.append(DOWN)
    with_request(world)
    await world.run()
    assert await world.advance_to_next() <= SECOND


async def test_when_the_check_passes_one_request_goes_first_and_the_rest_after_its_success() -> None:
    world, keys = await a_half_open_world(5)
    assert len(signed(world)) == 1
    late = with_request(world, "late")
    await world.run()
    assert len(signed(world)) == 1
    world.signer.release()
    await world.run()
    assert len(signed(world)) == 6
    assert len(world.signer.held) == 5  # all at once
    world.signer.release_all()
    await world.run()
    assert all(issued(world, key) for key in [*keys, late])
    assert len(signed(world)) == 6


ENDS: dict[str, Exception | Pending] = {
    "rejected": RequestRejected("no"),
    "a generic error": SigningError("the CA stutters"),
    "an unexpected error": ValueError("s3cr3t"),
    "pending": Pending("wait", timedelta(hours=10), "order-1"),
    "unhealthy again": DOWN,
}


@pytest.mark.parametrize("end", ENDS)
async def test_however_the_trial_ends_the_others_are_signed(end: str) -> None:
    world, keys = await a_tripped_world(4)
    world.signer.answers.append(ENDS[end])
    await world.advance(5 * MINUTE)
    first = next(key for key in keys if uid(world, key) == signed(world)[0])
    assert all(issued(world, key) for key in keys if key != first)
    assert issued(world, first) == (end not in ("rejected", "pending"))


def delete(world: Harness, key: ObjectKey) -> None:
    world.cluster.delete(key)


def recreate(world: Harness, key: ObjectKey) -> None:
    world.cluster.delete(key)
    with_request(world, key.name)


@pytest.mark.parametrize("deed", [delete, recreate])
@pytest.mark.parametrize("end", [None, *ENDS])
async def test_if_the_request_on_trial_is_gone_meanwhile_the_others_are_signed(
    deed: Callable[[Harness, ObjectKey], None], end: str | None
) -> None:
    world, keys = await a_tripped_world(4)
    if end:
        world.signer.answers.append(ENDS[end])
    world.signer.hold()
    await world.advance_to_next()
    world.signer.release()
    await world.run()
    on_trial = next(key for key in keys if uid(world, key) == signed(world)[0])
    deed(world, on_trial)
    await world.run()
    world.signer.release_all()
    await world.advance(5 * MINUTE)
    assert all(issued(world, key) for key in keys if key != on_trial)


async def test_if_the_issuer_is_recreated_during_a_trial_everybody_is_signed() -> None:
    world, keys = await a_half_open_world(3)
    world.cluster.delete(CA)
    with_issuer(world)
    await world.run()
    world.signer.release_all()
    await world.run()
    assert all(issued(world, key) for key in keys)


async def test_if_the_secret_goes_during_a_trial_everybody_is_signed_when_it_is_back() -> None:
    world, keys = await a_half_open_world(3)
    world.cluster.delete(SECRET)
    await world.run()
    world.signer.release_all()
    await world.run()
    with_secret(world)
    await world.run()
    assert all(issued(world, key) for key in keys)
