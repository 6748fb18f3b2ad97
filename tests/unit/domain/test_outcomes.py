"""What the Reconciler tells the Meter, and when.

An answer is told once it is written and not before, once; a retry is a failure that was counted; what is told of
an issuer's CA is what its check returned.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from domain import outcomes
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, SigningError, Transient
from domain.model import CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, Approval, CheckResult, Issued, Pending
from domain.outcomes import CheckOutcome, RequestOutcome, SignOutcome
from tests.support.factories import HOUR, KINDS, MINUTE, SECOND, T0, issuer_key, secret_key
from tests.support.harness import fails, fails_after
from tests.support.scenes import CA, a_ready_world, events, message, with_issuer, with_request, with_secret

CLUSTER_ISSUER, ISSUER = CA.kind, issuer_key().kind


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        (Issued(b""), SignOutcome.ISSUED),
        (Pending("later", SECOND), SignOutcome.PENDING),
        (RequestRejected("no"), SignOutcome.REJECTED),
        (IssuerUnhealthy("ill"), SignOutcome.UNHEALTHY),
        (IssuerFailed("dead"), SignOutcome.UNHEALTHY),
        (SigningError("?"), SignOutcome.ERROR),
        (ValueError("?"), SignOutcome.ERROR),
    ],
)
def test_what_a_signers_answer_comes_to(outcome: Issued | Pending | Exception, wanted: SignOutcome) -> None:
    assert outcomes.signing(outcome) is wanted


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        (CheckResult(), CheckOutcome.PASSED),
        (IssuerUnhealthy("ill"), CheckOutcome.UNHEALTHY),
        (IssuerFailed("dead"), CheckOutcome.FAILED),
        (ValueError("?"), CheckOutcome.ERROR),
    ],
)
def test_what_a_check_comes_to(outcome: CheckResult | Exception, wanted: CheckOutcome) -> None:
    assert outcomes.checking(outcome) is wanted


@pytest.mark.parametrize("kind", KINDS)
async def test_an_issued_request_is_told_by_the_kind_of_its_issuer(kind: str) -> None:
    world = await a_ready_world()
    with_request(world, kind=kind)
    await world.run()
    assert world.metrics.answers == {(CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}
    assert world.metrics.signatures == {("Scripted", SignOutcome.ISSUED): 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rejected_request_has_failed(kind: str) -> None:
    world = await a_ready_world()
    world.signer.answers.append(RequestRejected("no"))
    with_request(world, kind=kind)
    await world.run()
    assert world.metrics.answers == {(CLUSTER_ISSUER, RequestOutcome.FAILED): 1}
    assert world.metrics.retries == {}


async def test_a_denied_certificate_request_is_told() -> None:
    world = await a_ready_world()
    with_request(world, approval=Approval.DENIED)
    with_request(world, kind=CERTIFICATE_SIGNING_REQUEST, approval=Approval.DENIED)  # to which we answer nothing
    await world.run()
    assert world.metrics.answers == {(CLUSTER_ISSUER, RequestOutcome.DENIED): 1}


async def test_requests_to_namespaced_issuers_are_told_apart() -> None:
    world, mine = await a_ready_world(), issuer_key()
    with_secret(world, secret_key(mine))
    with_issuer(world, mine)
    with_request(world, issuer=mine)
    await world.run()
    assert world.metrics.answers == {(ISSUER, RequestOutcome.ISSUED): 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_failure_that_is_tried_again_is_a_retry(kind: str) -> None:
    world = await a_ready_world()
    world.signer.answers += [SigningError("?"), ValueError("?")]
    with_request(world, kind=kind)
    await world.advance(MINUTE)
    assert world.metrics.retries == {kind: 2}
    assert world.metrics.signatures == {("Scripted", SignOutcome.ERROR): 2, ("Scripted", SignOutcome.ISSUED): 1}
    assert world.metrics.answers == {(CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}


async def test_a_write_that_fails_is_a_retry_and_its_answer_is_told_when_it_is_written() -> None:
    world = await a_ready_world()
    world.cluster.faults.append(fails(Transient("500")))
    with_request(world)
    await world.run()
    assert (world.metrics.answers, world.metrics.retries) == ({}, {CERTIFICATE_REQUEST: 1})
    await world.advance(MINUTE)
    assert world.metrics.answers == {(CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}


async def test_an_answer_is_never_told_twice() -> None:
    world = await a_ready_world()
    world.cluster.faults.append(fails_after(Transient("lost")))
    with_request(world)
    await world.advance(HOUR)
    assert sum(world.metrics.answers.values()) <= 1


async def test_waiting_for_an_issuer_is_no_retry() -> None:
    world = await a_ready_world()
    world.signer.answers.append(IssuerUnhealthy("ill"))
    with_request(world)
    await world.run()
    assert world.metrics.retries == {CLUSTER_ISSUER: 1}


async def test_how_long_a_signer_took() -> None:
    world = await a_ready_world()
    world.signer.hold()
    with_request(world)
    await world.run()
    world.clock.time += 3 * SECOND
    world.signer.release_all()
    await world.run()
    assert world.metrics.signing == 3 * SECOND


async def test_how_checks_ended_is_counted() -> None:
    world = await a_ready_world()
    assert world.metrics.checkings == {("Scripted", CheckOutcome.PASSED): 1}


async def test_a_check_is_told_with_the_expiry_that_it_returned() -> None:
    world = await a_ready_world()
    assert world.metrics.checks == {CA: (T0, None)}
    world.signer.expires = datetime.max.replace(tzinfo=T0.tzinfo)
    await world.advance(HOUR)
    at, expires = world.metrics.checks[CA]
    assert at > T0
    assert expires == world.signer.expires


async def test_a_failed_check_is_a_check_and_forgets_no_expiry() -> None:
    world = await a_ready_world()
    world.signer.expires = T0 + HOUR
    await world.advance(6 * MINUTE)
    world.signer.verdicts.append(IssuerFailed("dead"))
    before, _ = world.metrics.checks[CA]
    await world.advance(10 * MINUTE)
    at, expires = world.metrics.checks[CA]
    assert at > before
    assert expires == T0 + HOUR


async def test_what_a_check_warns_of_is_in_the_ready_condition() -> None:
    world = await a_ready_world()
    world.signer.warnings = ("tls.crt is odd",)
    await world.advance(HOUR)
    assert message(world, CA) == "Success, with warnings: tls.crt is odd"
    assert [reason for reason, _ in events(world, CA)].count("Checked") == 2


async def test_an_issuer_that_is_gone_is_forgotten() -> None:
    world = await a_ready_world()
    world.cluster.delete(CA)
    await world.run()
    assert world.metrics.checks == {}
