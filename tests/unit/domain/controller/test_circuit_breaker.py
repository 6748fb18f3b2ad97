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
from entrypoints.issuer import NAMES
from tests.support.factories import MINUTE, SECOND
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    SECRET,
    a_ready_harness,
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


async def a_harness_with_open_circuit(requests: int = 1, failures: int = 1) -> tuple[Harness, list[ObjectKey]]:
    """A signer complained so many times; the check has not passed since; the requests wait."""
    harness = await a_ready_harness()
    keys = [with_request(harness, "first")]
    for _ in range(failures):
        harness.signer.answers.append(DOWN)
        await harness.advance_to_next() if not is_ready(harness) else await harness.run()
    keys += [with_request(harness, f"other-{number}") for number in range(requests - 1)]
    await harness.run()
    assert not is_ready(harness)
    harness.signer.orders.clear()
    return harness, keys


async def a_half_open_harness(requests: int = 3) -> tuple[Harness, list[ObjectKey]]:
    """The check has passed again; one request is being signed and does not come to its end."""
    harness, keys = await a_harness_with_open_circuit(requests)
    harness.signer.hold()
    await harness.advance_to_next()
    harness.signer.release()  # the check
    await harness.run()
    assert is_ready(harness)
    return harness, keys


async def test_a_complaining_signer_makes_the_issuer_pending_and_its_requests_wait() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(DOWN)
    with_request(harness)
    await harness.run()
    assert message(harness, CA) == "Temporary error. Retrying: 503 from the CA"
    assert message(harness) == "Waiting for the issuer: 503 from the CA"
    later = with_request(harness, "later")
    await harness.run()
    assert message(harness, later) == f"Waiting for the issuer: {NAMES.cluster_issuer} ca is not Ready"
    assert len(signed(harness)) == 1
    await harness.advance(SECOND)
    assert issued(harness)
    assert issued(harness, later)


async def test_a_signature_during_a_running_check_closes_the_breaker() -> None:
    harness, _ = await a_half_open_harness(1)
    harness.cluster.update(CA, annotations={"check": "now"})
    await harness.run()
    assert len(harness.signer.held) == 2
    harness.signer.release(0)  # the trial
    await harness.run()
    harness.signer.release_all()
    await harness.run()
    harness.signer.hold()
    for number in range(3):
        with_request(harness, f"more-{number}")
    await harness.run()
    assert len(harness.signer.held) == 3


async def test_the_backoff_grows_over_passing_checks_and_ends_with_a_signature() -> None:
    harness, keys = await a_harness_with_open_circuit(failures=4)
    assert 7 * SECOND < await harness.advance_to_next() <= 8 * SECOND
    assert issued(harness, keys[0])
    harness.signer.answers.append(DOWN)
    with_request(harness)
    await harness.run()
    assert await harness.advance_to_next() <= SECOND


async def test_when_the_check_passes_one_request_goes_first_and_the_rest_after_its_success() -> None:
    harness, keys = await a_half_open_harness(5)
    assert len(signed(harness)) == 1
    late = with_request(harness, "late")
    await harness.run()
    assert len(signed(harness)) == 1
    harness.signer.release()
    await harness.run()
    assert len(signed(harness)) == 6
    assert len(harness.signer.held) == 5  # all at once
    harness.signer.release_all()
    await harness.run()
    assert all(issued(harness, key) for key in [*keys, late])
    assert len(signed(harness)) == 6


ENDS: dict[str, Exception | Pending] = {
    "rejected": RequestRejected("no"),
    "a generic error": SigningError("the CA stutters"),
    "an unexpected error": ValueError("s3cr3t"),
    "pending": Pending("wait", timedelta(hours=10), "order-1"),
    "unhealthy again": DOWN,
}


@pytest.mark.parametrize("end", ENDS)
async def test_however_the_trial_ends_the_others_are_signed(end: str) -> None:
    harness, keys = await a_harness_with_open_circuit(4)
    harness.signer.answers.append(ENDS[end])
    await harness.advance(5 * MINUTE)
    first = next(key for key in keys if uid(harness, key) == signed(harness)[0])
    assert all(issued(harness, key) for key in keys if key != first)
    assert issued(harness, first) == (end not in ("rejected", "pending"))


def delete(harness: Harness, key: ObjectKey) -> None:
    harness.cluster.delete(key)


def recreate(harness: Harness, key: ObjectKey) -> None:
    harness.cluster.delete(key)
    with_request(harness, key.name)


@pytest.mark.parametrize("deed", [delete, recreate])
@pytest.mark.parametrize("end", [None, *ENDS])
async def test_if_the_request_on_trial_is_gone_meanwhile_the_others_are_signed(
    deed: Callable[[Harness, ObjectKey], None], end: str | None
) -> None:
    harness, keys = await a_harness_with_open_circuit(4)
    if end:
        harness.signer.answers.append(ENDS[end])
    harness.signer.hold()
    await harness.advance_to_next()
    harness.signer.release()
    await harness.run()
    on_trial = next(key for key in keys if uid(harness, key) == signed(harness)[0])
    deed(harness, on_trial)
    await harness.run()
    harness.signer.release_all()
    await harness.advance(5 * MINUTE)
    assert all(issued(harness, key) for key in keys if key != on_trial)


async def test_if_the_issuer_is_recreated_during_a_trial_everybody_is_signed() -> None:
    harness, keys = await a_half_open_harness(3)
    harness.cluster.delete(CA)
    with_issuer(harness)
    await harness.run()
    harness.signer.release_all()
    await harness.run()
    assert all(issued(harness, key) for key in keys)


async def test_if_the_secret_goes_during_a_trial_everybody_is_signed_when_it_is_back() -> None:
    harness, keys = await a_half_open_harness(3)
    harness.cluster.delete(SECRET)
    await harness.run()
    harness.signer.release_all()
    await harness.run()
    with_secret(harness)
    await harness.run()
    assert all(issued(harness, key) for key in keys)
