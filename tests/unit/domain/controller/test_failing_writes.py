"""What becomes of a write that fails.

A signature is never thrown away: the write is repeated, not the signing. A conflict is a reload and no failure;
what the API server will never take fails the request; nothing here ever spins.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.effects import PodCertificateStatus
from domain.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    RequestRejected,
    SigningError,
    Throttled,
    Transient,
    UnknownOutcome,
)
from domain.model import POD_CERTIFICATE_REQUEST, Approval, Pending
from tests.support.factories import APPROVED_KINDS, HOUR, KINDS, MINUTE, SECOND
from tests.support.harness import Harness, fails, fails_after, meanwhile
from tests.support.scenes import (
    CA,
    WEB,
    a_ready_harness,
    events,
    is_ready,
    issued,
    message,
    reason,
    signed,
    uid,
    with_issuer,
    with_request,
    with_secret,
)

every_kind = pytest.mark.parametrize("kind", KINDS)
PASSING = [
    Transient("503 from the API server"),
    Throttled("429 from the API server", retry_after=30 * SECOND),
    Forbidden("the admission webhook is down"),
    UnknownOutcome("the connection broke"),
    ClusterError("whatever"),
]


@every_kind
@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: type(failure).__name__)
async def test_the_write_is_repeated_and_not_the_signing(kind: str, failure: ClusterError) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.extend([fails(failure)] * 3)
    key = with_request(harness, kind=kind)
    await harness.advance(3 * MINUTE)
    assert issued(harness, key)
    assert signed(harness) == [uid(harness, key)]
    assert events(harness, key) == [("Issued", 1)]  # told when it is true


@pytest.mark.parametrize("answers", [[], [Pending("wait", HOUR, "order-1")], [RequestRejected("no")]])
async def test_the_answer_is_in_hand_until_it_is_written(answers: list[Pending | Exception]) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.extend(answers)
    harness.cluster.faults.append(fails(Transient("503")))
    key = with_request(harness)
    await harness.run()
    assert harness.reconciler.unwritten_results() == [key]
    await harness.advance_to_next()
    assert harness.reconciler.unwritten_results() == []


async def test_a_request_that_could_not_be_signed_is_not_in_hand() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(SigningError("later"))
    with_request(harness)
    await harness.run()
    assert harness.reconciler.unwritten_results() == []


async def test_the_write_is_not_repeated_before_the_server_asked_for_it() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Throttled("429", retry_after=30 * SECOND)))
    with_request(harness)
    await harness.run()
    assert await harness.advance_to_next() == 30 * SECOND
    assert issued(harness)


async def test_repeated_writes_back_off() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.extend([fails(Transient("503"))] * 6)
    with_request(harness)
    await harness.run()
    waits = [await harness.advance_to_next() for _ in range(6)]
    assert waits == sorted(waits)
    assert waits[0] <= SECOND < 25 * SECOND < waits[-1]
    assert issued(harness)


@every_kind
async def test_a_write_whose_answer_was_lost_is_not_done_again(kind: str) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails_after(UnknownOutcome("the connection broke")))
    key = with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    assert issued(harness, key)
    assert signed(harness) == [uid(harness, key)]
    assert [patch.key for patch in harness.cluster.applied].count(key) == 1


@every_kind
async def test_a_conflict_is_decided_again_without_asking_the_ca_a_second_time(kind: str) -> None:
    harness = await a_ready_harness()
    key = with_request(harness, kind=kind)
    harness.cluster.faults.append(meanwhile(lambda: harness.cluster.update(key, annotations={"by": "somebody"})))
    await harness.run()
    assert issued(harness, key)
    assert signed(harness) == [uid(harness, key)]


async def test_a_request_denied_while_it_was_signed_is_denied() -> None:
    harness = await a_ready_harness()
    with_request(harness)
    harness.cluster.faults.append(meanwhile(lambda: harness.cluster.update(WEB, approval=Approval.DENIED)))
    await harness.run()
    assert reason(harness) == "Denied"


@every_kind
async def test_a_request_deleted_while_it_was_signed_is_no_trouble(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    harness = await a_ready_harness()
    key = with_request(harness, kind=kind)
    harness.cluster.faults.append(meanwhile(lambda: harness.cluster.delete(key)))
    await harness.advance(MINUTE)
    assert len(signed(harness)) == 1
    assert events(harness, key) == []
    assert "trying again" not in caplog.text


async def test_a_request_recreated_before_its_write_is_signed_before_the_watch_tells() -> None:
    harness = await a_ready_harness()
    harness.cluster.tell, tell = lambda: None, harness.cluster.tell  # type: ignore[method-assign]
    with_request(harness)
    tell()

    def recreate() -> None:
        harness.cluster.delete(WEB)
        with_request(harness)

    harness.cluster.faults.append(meanwhile(recreate))
    await harness.run()
    assert issued(harness)
    assert signed(harness)[-1] == uid(harness)


async def test_conflicts_that_do_not_end_are_met_with_patience() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.extend([fails(Conflict("has been modified"))] * 1000)
    with_request(harness)
    await harness.advance(10 * SECOND)
    assert 950 < len(harness.cluster.faults) < 1000
    harness.cluster.faults.clear()
    await harness.advance(MINUTE)
    assert issued(harness)
    assert len(signed(harness)) == 1


@pytest.mark.parametrize("kind", APPROVED_KINDS)
async def test_a_certificate_that_the_server_will_never_take_fails_the_request(kind: str) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Invalid("422: status.certificate: not PEM")))
    key = with_request(harness, kind=kind)
    await harness.run()
    assert reason(harness, key) == "Failed"
    assert message(harness, key) == (
        "The request cannot be signed: the API server refused the signed certificate: 422: status.certificate: not PEM"
    )
    await harness.advance(MINUTE)
    assert len(signed(harness)) == 1


async def test_that_of_a_pod_is_signed_anew_since_another_one_begins_later() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Invalid("422: status.notBefore: must be near the present")))
    key = with_request(harness, kind=POD_CERTIFICATE_REQUEST)
    await harness.run()
    assert reason(harness, key) is None
    assert events(harness, key) == [("Pending", 1)]
    await harness.advance(SECOND)
    assert issued(harness, key)
    assert len(signed(harness)) == 2


async def test_an_api_server_that_is_away_for_long_gets_no_certificate_of_before() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.extend([fails(Transient("away"))] * 9)
    key = with_request(harness, kind=POD_CERTIFICATE_REQUEST)
    begun = harness.clock.now()
    await harness.advance(10 * MINUTE)
    assert issued(harness, key)
    status = harness.cluster.status(key)
    assert isinstance(status, PodCertificateStatus)
    assert status.begins is not None
    assert status.begins > begun
    assert len(signed(harness)) > 1


async def test_any_other_write_that_is_refused_is_tried_again() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(RequestRejected("no"))
    harness.cluster.faults.extend([fails(Invalid("422"))] * 2)
    with_request(harness)
    await harness.run()
    assert harness.cluster.status(WEB) is None
    await harness.advance(10 * SECOND)
    assert (reason(harness), len(signed(harness))) == ("Failed", 1)


async def test_a_rejection_is_kept_until_it_is_written() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(RequestRejected("the CSR is no CSR"))
    harness.cluster.faults.extend([fails(Transient("503"))] * 2)
    with_request(harness)
    await harness.advance(10 * SECOND)
    assert (reason(harness), len(signed(harness))) == ("Failed", 1)


async def test_the_handle_of_an_order_survives_a_failing_write() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", 5 * SECOND, "order-1"))
    harness.cluster.faults.extend([fails(Transient("503"))] * 2)
    with_request(harness)
    await harness.advance(MINUTE)
    assert issued(harness)
    assert [order.handle for order in harness.signer.orders] == [None, "order-1"]


async def test_a_failure_that_could_not_be_written_is_asked_anew() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(SigningError("the CA stutters"))
    harness.cluster.faults.append(fails(Transient("503")))
    with_request(harness)
    await harness.advance(SECOND)
    assert issued(harness)
    assert len(signed(harness)) == 2


@pytest.mark.parametrize("failure", PASSING, ids=lambda failure: type(failure).__name__)
async def test_an_issuer_becomes_ready_though_its_writes_fail_for_a_while(failure: ClusterError) -> None:
    harness = Harness()
    with_secret(harness)
    with_issuer(harness)
    with_request(harness)
    harness.cluster.faults.extend([fails(failure)] * 4)
    await harness.advance(3 * MINUTE)
    assert is_ready(harness)
    assert issued(harness)


async def test_an_issuer_changed_under_our_hands_is_checked_as_it_is_now() -> None:
    harness = await a_ready_harness()
    harness.cluster.update(CA, annotations={"check": "now"})
    harness.cluster.delete(CA)
    with_issuer(harness)
    harness.cluster.faults.append(meanwhile(lambda: harness.cluster.update(CA, annotations={"by": "somebody"})))
    await harness.advance(timedelta(0))
    assert is_ready(harness)


async def test_what_is_logged_of_a_failing_write_says_which_object_and_how_long(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Throttled("429 from the API server", retry_after=30 * SECOND)))
    with_request(harness)
    await harness.run()
    assert "CertificateRequest team-a/web: trying again in 30.0 s: 429 from the API server" in caplog.messages
