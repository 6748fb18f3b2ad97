"""Everything that happens to an object, with a signer that follows a script.

What a person would see from outside: what is stored, what is told, what the CA was asked; and that what has to
wait is woken by what it waits for, not by time.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, SigningError
from domain.model import Approval, ObjectKey, Pending
from entrypoints.issuer import NAMES
from tests.support.factories import APPROVED_KINDS, KINDS, MINUTE, POLICY, SECOND, a_spec, issuer_key, secret_key
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    SECRET,
    WEB,
    a_ready_harness,
    approve,
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


async def test_a_secret_that_comes_late_gets_the_waiting_request_signed_at_once() -> None:
    harness = Harness()
    with_issuer(harness)
    with_request(harness)
    await harness.run()
    assert message(harness, CA) == (
        "Temporary error. Retrying: failed to get Secret containing Issuer credentials, "
        'secret name: system/credentials, reason: secrets "credentials" not found'
    )
    assert message(harness) == f"Waiting for the issuer: {NAMES.cluster_issuer} ca is not Ready"
    await harness.advance(10 * SECOND)
    assert events(harness, CA) == [("Initializing", 1), ("Pending", 4)]  # at about 0, 1, 3 and 7 s
    assert harness.signer.checks == []
    with_secret(harness)
    await harness.run()  # no time passes
    assert is_ready(harness)
    assert issued(harness)
    assert events(harness) == [("Pending", 1), ("Issued", 1)]


@every_kind
async def test_a_missing_issuer_appears_and_the_request_is_signed_at_once(kind: str) -> None:
    harness = Harness()
    with_secret(harness)
    key = with_request(harness, kind=kind)
    await harness.run()
    assert harness.next_due() is None
    with_issuer(harness)
    await harness.run()
    assert issued(harness, key)


async def test_namespaced_issuers_use_the_secret_of_their_own_namespace() -> None:
    harness, mine = Harness(), issuer_key()
    with_issuer(harness, mine)
    with_secret(harness, ObjectKey("Secret", "system", "credentials"))
    await harness.run()
    assert not is_ready(harness, mine)
    with_secret(harness, secret_key(mine))
    with_request(harness, issuer=mine)
    await harness.run()
    assert issued(harness)


@every_kind
async def test_an_unapproved_request_is_not_signed_until_it_is_approved(kind: str) -> None:
    harness = await a_ready_harness()
    key = with_request(harness, kind=kind, approval=Approval.UNDECIDED, approved_at=None)
    await harness.advance(MINUTE)
    assert (signed(harness), harness.cluster.status(key)) == ([], None)
    assert events(harness, key) == [("WaitingForApproval", 1)]
    approve(harness, key)
    await harness.run()
    assert issued(harness, key)


async def test_a_late_approval_without_a_time_does_not_use_up_the_retry_window() -> None:
    harness = await a_ready_harness()
    key = with_request(harness, approval=Approval.UNDECIDED, approved_at=None)
    await harness.advance(2 * POLICY.max_duration)
    harness.cluster.update(key, approval=Approval.APPROVED, approved_at=None)
    harness.signer.answers.append(SigningError("the CA stutters"))
    await harness.run()
    assert reason(harness) == "Pending"
    await harness.advance(SECOND)
    assert issued(harness)


@pytest.mark.parametrize("kind", APPROVED_KINDS)
async def test_a_denied_request_is_never_signed_and_never_looked_at_again(kind: str) -> None:
    harness = await a_ready_harness()
    key = with_request(harness, kind=kind, approval=Approval.DENIED)
    await harness.advance(MINUTE)
    assert signed(harness) == []
    assert len(harness.cluster.applied) - 2 == (1 if key == WEB else 0)  # the issuer's two come first


async def test_a_generic_error_is_retried_with_backoff_and_then_given_up() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.extend([SigningError("the CA stutters")] * 100)
    with_request(harness)
    await harness.run()
    assert reason(harness) == "Pending"
    await harness.advance(POLICY.max_duration - SECOND)
    assert reason(harness) == "Pending"
    tries = len(signed(harness))
    assert 8 <= tries <= 12
    await harness.advance(SECOND)
    assert reason(harness) == "Failed"
    assert message(harness) == "Given up after retrying for 10m: the CA stutters"
    await harness.advance(MINUTE)
    assert len(signed(harness)) == tries + 1


@every_kind
async def test_a_rejected_request_is_failed_and_left_alone(kind: str) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(RequestRejected("the CSR is no CSR"))
    key = with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    assert (reason(harness, key), len(signed(harness))) == ("Failed", 1)
    harness.cluster.update(key, annotations={"look": "again"})
    await harness.advance(MINUTE)
    assert len(signed(harness)) == 1


async def test_a_spec_that_cannot_be_read_fails_the_issuer_and_no_signer_is_asked() -> None:
    harness = Harness()
    with_secret(harness)
    with_issuer(harness, spec=replace(a_spec(CA), problem="spec: 20,000 bytes"))
    with_request(harness)
    await harness.advance(MINUTE)
    assert reason(harness, CA) == "Failed"
    assert message(harness, CA).endswith("spec: 20,000 bytes")
    assert (harness.signer.checks, signed(harness)) == ([], [])


@pytest.mark.parametrize("mended", ["spec", "Secret"])
async def test_a_failed_issuer_is_not_retried_until_its_spec_or_secret_changes(mended: str) -> None:
    harness = await a_ready_harness()
    harness.signer.verdicts.append(IssuerFailed("the key is not the certificate's"))
    harness.cluster.update(CA, annotations={"check": "now"})
    await harness.run()
    with_request(harness)
    await harness.run()
    checks = len(harness.signer.checks)
    assert (reason(harness, CA), reason(harness)) == ("Failed", "Pending")
    await harness.advance(timedelta(days=1))
    assert len(harness.signer.checks) == checks
    if mended == "spec":
        harness.cluster.update(CA, spec=a_spec(CA, url="https://other.example.com"))
    else:
        with_secret(harness)
    await harness.run()
    assert len(harness.signer.checks) == checks + 1
    assert issued(harness)


async def test_a_secret_that_changes_or_goes_is_noticed_at_once() -> None:
    harness = await a_ready_harness()
    harness.cluster.put_secret(SECRET, {"token": b"rotated"})
    await harness.run()
    assert harness.signer.checks[-1][1].data == {"token": b"rotated"}
    harness.cluster.delete(SECRET)
    await harness.run()
    assert (is_ready(harness), reason(harness, CA)) == (False, "Pending")


async def test_a_new_issuer_is_checked_in_its_first_visit_and_not_behind_the_whole_queue() -> None:
    assert (await a_ready_harness()).visits == [CA]


async def test_a_ready_issuer_is_checked_again_after_the_interval_and_writes_nothing() -> None:
    harness = await a_ready_harness()
    writes = len(harness.cluster.applied)
    assert 4.5 * MINUTE <= await harness.advance_to_next() <= 5.5 * MINUTE
    await harness.advance(10 * POLICY.check_interval)
    assert 10 <= len(harness.signer.checks) <= 13
    assert len(harness.cluster.applied) == writes


async def test_a_request_recreated_under_its_name_starts_afresh() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.extend([Pending("wait", MINUTE, "order-of-the-first")])
    with_request(harness)
    await harness.run()
    harness.cluster.delete(WEB)
    with_request(harness)
    await harness.run()
    assert issued(harness)
    assert harness.signer.orders[-1].handle is None


async def test_a_request_recreated_during_signing_gets_its_own_certificate() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    with_request(harness)
    await harness.run()
    harness.cluster.delete(WEB)
    with_request(harness)
    harness.signer.release_all()
    await harness.run()
    assert issued(harness)
    assert signed(harness)[-1] == uid(harness)


async def test_an_issuer_recreated_under_its_name_starts_afresh() -> None:
    harness = await a_ready_harness()
    harness.signer.verdicts.extend([IssuerUnhealthy("down")] * 8)
    harness.cluster.update(CA, annotations={"check": "now"})
    await harness.advance(MINUTE)
    assert reason(harness, CA) == "Pending"
    harness.cluster.delete(CA)
    harness.signer.verdicts.clear()
    harness.signer.verdicts.append(IssuerUnhealthy("down"))
    with_issuer(harness)
    await harness.run()
    assert reason(harness, CA) == "Pending"
    assert await harness.advance_to_next() <= SECOND
    assert is_ready(harness)


async def test_a_report_on_an_issuer_that_is_gone_does_not_hurt_its_successor() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(IssuerUnhealthy("the old CA is down"))
    with_request(harness)
    await harness.run()
    harness.cluster.delete(CA)
    with_issuer(harness)
    await harness.run()
    harness.signer.release(1)  # the check of the new one; the request is still being signed
    await harness.run()
    assert is_ready(harness)
    harness.signer.release_all()
    await harness.run()
    assert is_ready(harness)
    assert issued(harness)
    assert ("Pending", 1) not in events(harness, CA)


async def test_what_was_deleted_leaves_nothing_behind_in_memory() -> None:
    harness = await a_ready_harness()
    undecided = with_request(harness, "undecided", approval=Approval.UNDECIDED)
    waiting = with_request(harness, "waiting", issuer=issuer_key("missing"))
    await harness.run()
    for key in (undecided, waiting, CA):
        harness.cluster.delete(key)
    await harness.run()
    assert harness.reconciler._attempts == {}
    assert harness.next_due() is None


@every_kind
async def test_what_is_not_ours_is_not_even_visited(kind: str) -> None:
    harness = await a_ready_harness()
    visits = len(harness.visits)
    with_request(harness, kind=kind, issuer=None)
    await harness.advance(SECOND)
    assert len(harness.visits) == visits


async def test_the_signer_is_given_the_spec_and_the_secret_of_the_issuer() -> None:
    harness = await a_ready_harness()
    with_request(harness)
    await harness.run()
    (order,) = harness.signer.orders
    assert (order.issuer, order.credentials.data) == (a_spec(CA), {"token": b"t0ken"})
