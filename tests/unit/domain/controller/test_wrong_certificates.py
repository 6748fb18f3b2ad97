"""A CA that answers with a wrong certificate is asked once more; the same difference again fails the request."""

from __future__ import annotations

import pytest

from domain.errors import IssuerUnhealthy, SigningError, Transient, UnknownOutcome, WrongCertificate
from domain.model import Pending
from domain.outcomes import RequestOutcome
from entrypoints.issuer import NAMES
from tests.support.factories import KINDS, MINUTE, SECOND
from tests.support.harness import Fault, Harness, fails, fails_after
from tests.support.scenes import WEB, a_ready_harness, events, issued, message, reason, signed, with_request

every_kind = pytest.mark.parametrize("kind", KINDS)
TWICE = "The CA answered twice with the same difference; asking again would only make more certificates: "


def wrong(what: str = "isCA", at: int = 0) -> WrongCertificate:
    return WrongCertificate(f"the CA returned a wrong certificate: {what} at {at}", what)


async def a_harness_that_answers(*answers: Pending | Exception) -> Harness:
    harness = await a_ready_harness()
    harness.signer.answers.extend(answers)
    return harness


@every_kind
async def test_the_same_difference_twice_fails_the_request(kind: str) -> None:
    harness = await a_harness_that_answers(wrong(at=1), wrong(at=2))
    key = with_request(harness, kind=kind)
    await harness.advance(10 * MINUTE)
    assert (reason(harness, key), len(signed(harness))) == ("Failed", 2)
    assert message(harness, key) == f"{TWICE}the CA returned a wrong certificate: isCA at 2"
    assert events(harness, key) == [("Pending", 1), ("Failed", 1)]
    assert harness.metrics.answers == {(kind, NAMES.cluster_issuer, RequestOutcome.FAILED): 1}


@every_kind
async def test_after_one_wrong_certificate_the_ca_is_asked_again(kind: str) -> None:
    harness = await a_harness_that_answers(wrong())
    key = with_request(harness, kind=kind)
    await harness.run()
    assert events(harness, key) == [("Pending", 1)]
    await harness.advance(MINUTE)
    assert (issued(harness, key), len(signed(harness))) == (True, 2)


async def test_another_difference_in_between_begins_anew() -> None:
    harness = await a_harness_that_answers(wrong("isCA"), wrong("usages"), wrong("isCA"), wrong("isCA"))
    with_request(harness)
    await harness.advance(5 * MINUTE)
    assert (reason(harness), len(signed(harness))) == ("Failed", 4)


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
    harness = await a_harness_that_answers(wrong(), between, wrong())
    with_request(harness)
    await harness.advance(5 * MINUTE)
    assert (reason(harness), len(signed(harness))) == ("Failed", 3)
    assert message(harness).startswith(TWICE)


@every_kind
@pytest.mark.parametrize(
    "fault", [fails(Transient("503")), fails(UnknownOutcome("lost")), fails_after(UnknownOutcome("lost"))]
)
async def test_there_is_no_third_certificate_though_writes_fail(kind: str, fault: Fault) -> None:
    harness = await a_harness_that_answers(wrong(at=1), wrong(at=2))
    key = with_request(harness, kind=kind)
    harness.cluster.faults.extend([fault] * 3)
    await harness.advance(5 * MINUTE)
    assert (reason(harness, key), len(signed(harness))) == ("Failed", 2)


async def test_it_is_forgotten_with_the_request() -> None:
    harness = await a_harness_that_answers(wrong())
    with_request(harness)
    await harness.run()
    harness.cluster.delete(WEB)
    harness.signer.answers.append(wrong())
    with_request(harness)
    await harness.advance(MINUTE)
    assert (issued(harness), len(signed(harness))) == (True, 3)
