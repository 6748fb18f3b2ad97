"""A write whose answer was lost: its request is counted once and told once, whether the write has happened or not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.effects import PatchStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.errors import ClusterError, RequestRejected, Transient, UnknownOutcome
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Approval,
    Condition,
    ObjectKey,
)
from domain.outcomes import RequestOutcome
from entrypoints.issuer import NAMES
from tests.support.factories import KINDS, MINUTE
from tests.support.harness import Fault, Harness, fails, fails_after
from tests.support.scenes import a_ready_harness, events, issued, signed, with_request

every_kind = pytest.mark.parametrize("kind", KINDS)
UNCLEAR = [UnknownOutcome("the connection broke"), Transient("504 from a gateway")]
lost = pytest.mark.parametrize("failure", UNCLEAR, ids=lambda failure: type(failure).__name__)
either_way = pytest.mark.parametrize("fault", [fails, fails_after])


@every_kind
@lost
@either_way
async def test_an_issued_request_is_counted_and_told_once(
    kind: str, failure: ClusterError, fault: Callable[[Exception], Fault]
) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fault(failure))
    key = with_request(harness, kind=kind)
    await harness.advance(10 * MINUTE)
    assert issued(harness, key)
    assert events(harness, key) == [("Issued", 1)]
    assert harness.metrics.answers == {(kind, NAMES.cluster_issuer, RequestOutcome.ISSUED): 1}
    assert len(signed(harness)) == 1


@every_kind
@either_way
async def test_a_rejected_request_is_counted_and_told_once(kind: str, fault: Callable[[Exception], Fault]) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(RequestRejected("no"))
    harness.cluster.faults.append(fault(UnknownOutcome("lost")))
    key = with_request(harness, kind=kind)
    await harness.advance(10 * MINUTE)
    assert events(harness, key) == [("Failed", 1)]
    assert harness.metrics.answers == {(kind, NAMES.cluster_issuer, RequestOutcome.FAILED): 1}


@either_way
async def test_a_denied_request_is_counted_and_told_once(fault: Callable[[Exception], Fault]) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fault(UnknownOutcome("lost")))
    with_request(harness, approval=Approval.DENIED)
    await harness.advance(10 * MINUTE)
    assert events(harness) == [("Denied", 1)]
    assert harness.metrics.answers == {(CERTIFICATE_REQUEST, NAMES.cluster_issuer, RequestOutcome.DENIED): 1}


async def test_several_lost_answers_are_one() -> None:
    harness = await a_ready_harness()
    faults = [fails(UnknownOutcome("lost")), fails_after(UnknownOutcome("lost")), fails(UnknownOutcome("lost"))]
    harness.cluster.faults.extend(faults)
    with_request(harness)
    await harness.advance(10 * MINUTE)
    assert (events(harness), harness.metrics.answers.total()) == ([("Issued", 1)], 1)


async def write_of_another(harness: Harness, key: ObjectKey) -> None:
    """Another process leads meanwhile, and ends the request in a way of its own."""
    request = harness.cluster.stored(key)
    failed = Condition("Failed", "True", "Failed", "by another", harness.clock.now())
    statuses: dict[str, Status] = {
        CERTIFICATE_REQUEST: RequestStatus(Condition("Ready", "False", "Failed", "by another", harness.clock.now())),
        CERTIFICATE_SIGNING_REQUEST: SigningRequestStatus(failed=failed),
        POD_CERTIFICATE_REQUEST: PodCertificateStatus(failed),
    }
    status = statuses[key.kind]
    await harness.cluster.write(PatchStatus(key, request.resource_version, status))


@every_kind
async def test_another_answer_than_ours_is_not_ours_to_count(kind: str) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(UnknownOutcome("lost")))
    key = with_request(harness, kind=kind)
    await harness.run()
    await write_of_another(harness, key)
    await harness.advance(10 * MINUTE)
    assert (events(harness, key), harness.metrics.answers.total()) == ([], 0)


async def test_a_request_that_was_recreated_meanwhile_is_another_one() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails_after(UnknownOutcome("lost")))
    key = with_request(harness, kind=CERTIFICATE_SIGNING_REQUEST)
    await harness.run()
    harness.cluster.delete(key)
    with_request(harness, kind=CERTIFICATE_SIGNING_REQUEST)
    version = harness.cluster.stored(key).resource_version
    await harness.cluster.write(PatchStatus(key, version, SigningRequestStatus(b"by another")))
    await harness.advance(10 * MINUTE)
    assert (events(harness, key), harness.metrics.answers.total()) == ([], 0)
