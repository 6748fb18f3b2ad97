"""A CA that answers with a wrong certificate is asked once more; the same difference again fails the request."""

from __future__ import annotations

import pytest

from domain.errors import IssuerUnhealthy, SigningError, Transient, UnknownOutcome, WrongCertificate
from domain.model import Pending
from domain.outcomes import RequestOutcome
from tests.support.factories import KINDS, MINUTE, SECOND
from tests.support.harness import Fault, Harness, fails, fails_after
from tests.support.scenes import WEB, a_ready_world, events, issued, message, reason, signed, with_request

both_kinds = pytest.mark.parametrize("kind", KINDS)
TWICE = "The CA answered twice with the same difference; asking again would only make more certificates: "


def wrong(what: str = "isCA", at: int = 0) -> WrongCertificate:
    return WrongCertificate(f"the CA returned a wrong certificate: {what} at {at}", what)


async def a_world_that_answers(*answers: Pending | Exception) -> Harness:
    world = await a_ready_world()
    world.signer.answers.extend(answers)
    return world


@both_kinds
async def test_the_same_difference_twice_fails_the_request(kind: str) -> None:
    world = await a_world_that_answers(wrong(at=1), wrong(at=2))
    key = with_request(world, kind=kind)
    await world.advance(10 * MINUTE)
    assert (reason(world, key), len(signed(world))) == ("Failed", 2)
    assert message(world, key) == f"{TWICE}the CA returned a wrong certificate: isCA at 2"
    assert events(world, key) == [("Pending", 1), ("Failed", 1)]
    assert world.metrics.answers == {("SampleClusterIssuer", RequestOutcome.FAILED): 1}


@both_kinds
async def test_after_one_wrong_certificate_the_ca_is_asked_again(kind: str) -> None:
    world = await a_world_that_answers(wrong())
    key = with_request(world, kind=kind)
    await world.run()
    assert events(world, key) == [("Pending", 1)]
    await world.advance(MINUTE)
    assert (issued(world, key), len(signed(world))) == (True, 2)


async def test_another_difference_in_between_begins_anew() -> None:
    world = await a_world_that_answers(wrong("isCA"), wrong("usages"), wrong("isCA"), wrong("isCA"))
    with_request(world)
    await world.advance(5 * MINUTE)
    assert (reason(world), len(signed(world))) == ("Failed", 4)


@pytest.mark.parametrize(
    "between",
    [
        IssuerUnhealthy("the CA is away"),
        SigningError("the CA stutters"),
        ValueError("a bug"),
        Pending("in the queue", SECOND, "order-1"),
    ],
    ids=lambda between: type(between).__name__,
)
async def test_what_is_no_certificate_in_between_changes_nothing(between: Pending | Exception) -> None:
    world = await a_world_that_answers(wrong(), between, wrong())
    with_request(world)
    await world.advance(5 * MINUTE)
    assert (reason(world), len(signed(world))) == ("Failed", 3)
    assert message(world).startswith(TWICE)


@both_kinds
@pytest.mark.parametrize(
    "fault", [fails(Transient("503")), fails(UnknownOutcome("lost")), fails_after(UnknownOutcome("lost"))]
)
async def test_there_is_no_third_certificate_though_writes_fail(kind: str, fault: Fault) -> None:
    world = await a_world_that_answers(wrong(at=1), wrong(at=2))
    key = with_request(world, kind=kind)
    world.cluster.faults.extend([fault] * 3)
    await world.advance(5 * MINUTE)
    assert (reason(world, key), len(signed(world))) == ("Failed", 2)


async def test_it_is_forgotten_with_the_request() -> None:
    world = await a_world_that_answers(wrong())
    with_request(world)
    await world.run()
    world.cluster.delete(WEB)
    world.signer.answers.append(wrong())
    with_request(world)
    await world.advance(MINUTE)
    assert (issued(world), len(signed(world))) == (True, 3)
