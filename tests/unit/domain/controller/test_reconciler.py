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
from tests.support.factories import KINDS, MINUTE, POLICY, SECOND, a_spec, issuer_key, secret_key
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    SECRET,
    WEB,
    a_ready_world,
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

both_kinds = pytest.mark.parametrize("kind", KINDS)


async def test_a_secret_that_comes_late_gets_the_waiting_request_signed_at_once() -> None:
    world = Harness()
    with_issuer(world)
    with_request(world)
    await world.run()
    assert message(world, CA) == (
        "Temporary error. Retrying: failed to get Secret containing Issuer credentials, "
        'secret name: system/credentials, reason: secrets "credentials" not found'
    )
    assert message(world) == "Waiting for the issuer: SampleClusterIssuer ca is not Ready"
    await world.advance(10 * SECOND)
    assert events(world, CA) == [("Initializing", 1), ("Pending", 4)]  # at about 0, 1, 3 and 7 s
    assert world.signer.checks == []
    with_secret(world)
    await world.run()  # no time passes
    assert is_ready(world)
    assert issued(world)
    assert events(world) == [("Pending", 1), ("Issued", 1)]


@both_kinds
async def test_a_missing_issuer_appears_and_the_request_is_signed_at_once(kind: str) -> None:
    world = Harness()
    with_secret(world)
    key = with_request(world, kind=kind)
    await world.run()
    assert world.next_due() is None
    with_issuer(world)
    await world.run()
    assert issued(world, key)


async def test_namespaced_issuers_use_the_secret_of_their_own_namespace() -> None:
    world, mine = Harness(), issuer_key()
    with_issuer(world, mine)
    with_secret(world, ObjectKey("Secret", "system", "credentials"))
    await world.run()
    assert not is_ready(world, mine)
    with_secret(world, secret_key(mine))
    with_request(world, issuer=mine)
    await world.run()
    assert issued(world)


@both_kinds
async def test_an_unapproved_request_is_not_signed_until_it_is_approved(kind: str) -> None:
    world = await a_ready_world()
    key = with_request(world, kind=kind, approval=Approval.UNDECIDED, approved_at=None)
    await world.advance(MINUTE)
    assert (signed(world), world.cluster.status(key)) == ([], None)
    assert events(world, key) == [("WaitingForApproval", 1)]
    approve(world, key)
    await world.run()
    assert issued(world, key)


async def test_a_late_approval_without_a_time_does_not_use_up_the_retry_window() -> None:
    world = await a_ready_world()
    key = with_request(world, approval=Approval.UNDECIDED, approved_at=None)
    await world.advance(2 * POLICY.max_duration)
    world.cluster.update(key, approval=Approval.APPROVED, approved_at=None)
    world.signer.answers.append(SigningError("the CA stutters"))
    await world.run()
    assert reason(world) == "Pending"
    await world.advance(SECOND)
    assert issued(world)


@both_kinds
async def test_a_denied_request_is_never_signed_and_never_looked_at_again(kind: str) -> None:
    world = await a_ready_world()
    key = with_request(world, kind=kind, approval=Approval.DENIED)
    await world.advance(MINUTE)
    assert signed(world) == []
    assert len(world.cluster.applied) - 2 == (1 if key == WEB else 0)  # the issuer's two come first


async def test_a_generic_error_is_retried_with_backoff_and_then_given_up() -> None:
    world = await a_ready_world()
    world.signer.answers.extend([SigningError("the CA stutters")] * 100)
    with_request(world)
    await world.run()
    assert reason(world) == "Pending"
    await world.advance(POLICY.max_duration - SECOND)
    assert reason(world) == "Pending"
    tries = len(signed(world))
    assert 8 <= tries <= 12
    await world.advance(SECOND)
    assert reason(world) == "Failed"
    assert message(world) == "Given up after retrying for 10m: the CA stutters"
    await world.advance(MINUTE)
    assert len(signed(world)) == tries + 1


@both_kinds
async def test_a_rejected_request_is_failed_and_left_alone(kind: str) -> None:
    world = await a_ready_world()
    world.signer.answers.append(RequestRejected("the CSR is no CSR"))
    key = with_request(world, kind=kind)
    await world.advance(MINUTE)
    assert (reason(world, key), len(signed(world))) == ("Failed", 1)
    world.cluster.update(key, annotations={"look": "again"})
    await world.advance(MINUTE)
    assert len(signed(world)) == 1


async def test_a_spec_that_cannot_be_read_fails_the_issuer_and_no_signer_is_asked() -> None:
    world = Harness()
    with_secret(world)
    with_issuer(world, spec=replace(a_spec(CA), problem="spec.parameters: 20,000 characters"))
    with_request(world)
    await world.advance(MINUTE)
    assert reason(world, CA) == "Failed"
    assert message(world, CA).endswith("spec.parameters: 20,000 characters")
    assert (world.signer.checks, signed(world)) == ([], [])


async def test_an_unknown_signer_fails_the_issuer_and_names_those_there_are() -> None:
    world = Harness()
    with_secret(world)
    with_issuer(world, spec=a_spec(CA, signer="Vault"))
    with_request(world)
    await world.advance(MINUTE)
    assert reason(world, CA) == "Failed"
    assert message(world, CA).endswith("spec.signer: 'Vault' is not a signer of this controller, which has: Scripted")
    assert reason(world) == "Pending"
    world.cluster.update(CA, spec=a_spec(CA))
    await world.run()
    assert issued(world)


@pytest.mark.parametrize("mended", ["spec", "Secret"])
async def test_a_failed_issuer_is_not_retried_until_its_spec_or_secret_changes(mended: str) -> None:
    world = await a_ready_world()
    world.signer.verdicts.append(IssuerFailed("the key is not the certificate's"))
    world.cluster.update(CA, annotations={"check": "now"})
    await world.run()
    with_request(world)
    await world.run()
    checks = len(world.signer.checks)
    assert (reason(world, CA), reason(world)) == ("Failed", "Pending")
    await world.advance(timedelta(days=1))
    assert len(world.signer.checks) == checks
    if mended == "spec":
        world.cluster.update(CA, spec=a_spec(CA, url="https://other.example.com"))
    else:
        with_secret(world)
    await world.run()
    assert len(world.signer.checks) == checks + 1
    assert issued(world)


async def test_a_secret_that_changes_or_goes_is_noticed_at_once() -> None:
    world = await a_ready_world()
    world.cluster.put_secret(SECRET, {"token": b"rotated"})
    await world.run()
    assert world.signer.checks[-1][1].data == {"token": b"rotated"}
    world.cluster.delete(SECRET)
    await world.run()
    assert (is_ready(world), reason(world, CA)) == (False, "Pending")


async def test_a_new_issuer_is_checked_in_its_first_visit_and_not_behind_the_whole_queue() -> None:
    assert (await a_ready_world()).visits == [CA]


async def test_a_ready_issuer_is_checked_again_after_the_interval_and_writes_nothing() -> None:
    world = await a_ready_world()
    writes = len(world.cluster.applied)
    assert 4.5 * MINUTE <= await world.advance_to_next() <= 5.5 * MINUTE
    await world.advance(10 * POLICY.check_interval)
    assert 10 <= len(world.signer.checks) <= 13
    assert len(world.cluster.applied) == writes


async def test_a_request_recreated_under_its_name_starts_afresh() -> None:
    world = await a_ready_world()
    world.signer.answers.extend([Pending("wait", MINUTE, "order-of-the-first")])
    with_request(world)
    await world.run()
    world.cluster.delete(WEB)
    with_request(world)
    await world.run()
    assert issued(world)
    assert world.signer.orders[-1].handle is None


async def test_a_request_recreated_during_signing_gets_its_own_certificate() -> None:
    world = await a_ready_world()
    world.signer.hold()
    with_request(world)
    await world.run()
    world.cluster.delete(WEB)
    with_request(world)
    world.signer.release_all()
    await world.run()
    assert issued(world)
    assert signed(world)[-1] == uid(world)


async def test_an_issuer_recreated_under_its_name_starts_afresh() -> None:
    world = await a_ready_world()
    world.signer.verdicts.extend([IssuerUnhealthy("down")] * 8)
    world.cluster.update(CA, annotations={"check": "now"})
    await world.advance(MINUTE)
    assert reason(world, CA) == "Pending"
    world.cluster.delete(CA)
    world.signer.verdicts.clear()
    world.signer.verdicts.append(IssuerUnhealthy("down"))
    with_issuer(world)
    await world.run()
    assert reason(world, CA) == "Pending"
    assert await world.advance_to_next() <= SECOND
    assert is_ready(world)


async def test_a_report_on_an_issuer_that_is_gone_does_not_hurt_its_successor() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(IssuerUnhealthy("the old CA is down"))
    with_request(world)
    await world.run()
    world.cluster.delete(CA)
    with_issuer(world)
    await world.run()
    world.signer.release(1)  # the check of the new one; the request is still being signed
    await world.run()
    assert is_ready(world)
    world.signer.release_all()
    await world.run()
    assert is_ready(world)
    assert issued(world)
    assert ("Pending", 1) not in events(world, CA)


async def test_what_was_deleted_leaves_nothing_behind_in_memory() -> None:
    world = await a_ready_world()
    undecided = with_request(world, "undecided", approval=Approval.UNDECIDED)
    waiting = with_request(world, "waiting", issuer=issuer_key("missing"))
    await world.run()
    for key in (undecided, waiting, CA):
        world.cluster.delete(key)
    await world.run()
    assert world.reconciler._attempts == {}
    assert world.next_due() is None


@both_kinds
async def test_what_is_not_ours_is_not_even_visited(kind: str) -> None:
    world = await a_ready_world()
    visits = len(world.visits)
    with_request(world, kind=kind, issuer=None)
    await world.advance(SECOND)
    assert len(world.visits) == visits


async def test_the_signer_is_given_the_spec_and_the_secret_of_the_issuer() -> None:
    world = await a_ready_world()
    with_request(world)
    await world.run()
    (order,) = world.signer.orders
    assert (order.issuer, order.credentials.data) == (a_spec(CA), {"token": b"t0ken"})
