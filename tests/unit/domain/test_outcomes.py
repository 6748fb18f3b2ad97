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
from tests.support.scenes import CA, a_ready_harness, events, message, with_issuer, with_request, with_secret

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
    harness = await a_ready_harness()
    with_request(harness, kind=kind)
    await harness.run()
    assert harness.metrics.answers == {(kind, CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}
    assert harness.metrics.signatures == {("Scripted", SignOutcome.ISSUED): 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_rejected_request_has_failed(kind: str) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(RequestRejected("no"))
    with_request(harness, kind=kind)
    await harness.run()
    assert harness.metrics.answers == {(kind, CLUSTER_ISSUER, RequestOutcome.FAILED): 1}
    assert harness.metrics.retries == {}


async def test_a_denied_certificate_request_is_told() -> None:
    harness = await a_ready_harness()
    with_request(harness, approval=Approval.DENIED)
    with_request(harness, kind=CERTIFICATE_SIGNING_REQUEST, approval=Approval.DENIED)  # to which we answer nothing
    await harness.run()
    assert harness.metrics.answers == {(CERTIFICATE_REQUEST, CLUSTER_ISSUER, RequestOutcome.DENIED): 1}


async def test_requests_to_namespaced_issuers_are_told_apart() -> None:
    harness, mine = await a_ready_harness(), issuer_key()
    with_secret(harness, secret_key(mine))
    with_issuer(harness, mine)
    with_request(harness, issuer=mine)
    await harness.run()
    assert harness.metrics.answers == {(CERTIFICATE_REQUEST, ISSUER, RequestOutcome.ISSUED): 1}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_failure_that_is_tried_again_is_a_retry(kind: str) -> None:
    harness = await a_ready_harness()
    harness.signer.answers += [SigningError("?"), ValueError("?")]
    with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    assert harness.metrics.retries == {kind: 2}
    assert harness.metrics.signatures == {("Scripted", SignOutcome.ERROR): 2, ("Scripted", SignOutcome.ISSUED): 1}
    assert harness.metrics.answers == {(kind, CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}


async def test_a_write_that_fails_is_a_retry_and_its_answer_is_told_when_it_is_written() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Transient("500")))
    with_request(harness)
    await harness.run()
    assert (harness.metrics.answers, harness.metrics.retries) == ({}, {CERTIFICATE_REQUEST: 1})
    await harness.advance(MINUTE)
    assert harness.metrics.answers == {(CERTIFICATE_REQUEST, CLUSTER_ISSUER, RequestOutcome.ISSUED): 1}


async def test_an_answer_is_never_told_twice() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails_after(Transient("lost")))
    with_request(harness)
    await harness.advance(HOUR)
    assert sum(harness.metrics.answers.values()) <= 1


async def test_waiting_for_an_issuer_is_no_retry() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(IssuerUnhealthy("ill"))
    with_request(harness)
    await harness.run()
    assert harness.metrics.retries == {CLUSTER_ISSUER: 1}


async def test_how_long_a_signer_took() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    with_request(harness)
    await harness.run()
    harness.clock.time += 3 * SECOND
    harness.signer.release_all()
    await harness.run()
    assert harness.metrics.signing == 3 * SECOND


async def test_how_checks_ended_is_counted() -> None:
    harness = await a_ready_harness()
    assert harness.metrics.checkings == {("Scripted", CheckOutcome.PASSED): 1}


async def test_a_check_is_told_with_the_expiry_that_it_returned() -> None:
    harness = await a_ready_harness()
    assert harness.metrics.checks == {CA: (T0, None)}
    harness.signer.expires = datetime.max.replace(tzinfo=T0.tzinfo)
    await harness.advance(HOUR)
    at, expires = harness.metrics.checks[CA]
    assert at > T0
    assert expires == harness.signer.expires


async def test_a_failed_check_is_a_check_and_forgets_no_expiry() -> None:
    harness = await a_ready_harness()
    harness.signer.expires = T0 + HOUR
    await harness.advance(6 * MINUTE)
    harness.signer.verdicts.append(IssuerFailed("dead"))
    before, _ = harness.metrics.checks[CA]
    await harness.advance(10 * MINUTE)
    at, expires = harness.metrics.checks[CA]
    assert at > before
    assert expires == T0 + HOUR


async def test_what_a_check_warns_of_is_in_the_ready_condition() -> None:
    harness = await a_ready_harness()
    harness.signer.warnings = ("tls.crt is odd",)
    await harness.advance(HOUR)
    assert message(harness, CA) == "Success, with warnings: tls.crt is odd"
    assert [reason for reason, _ in events(harness, CA)].count("Checked") == 2


async def test_an_issuer_that_is_gone_is_forgotten() -> None:
    harness = await a_ready_harness()
    harness.cluster.delete(CA)
    await harness.run()
    assert harness.metrics.checks == {}
