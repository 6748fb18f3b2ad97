"""Signers that complain together, late, or about an issuer that is no longer what it was.

The breaker opens once; no complaint bypasses its backoff, is lost, or hides a change that would mend things.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.effects import PatchStatus
from domain.errors import IssuerFailed, IssuerUnhealthy, Transient
from tests.support.factories import MINUTE, SECOND, a_spec, request_key
from tests.support.harness import FaultyCluster, fails, meanwhile
from tests.support.scenes import (
    CA,
    SECRET,
    WEB,
    a_ready_world,
    events,
    is_ready,
    issued,
    message,
    reason,
    with_issuer,
    with_request,
)

DOWN = IssuerUnhealthy("503 from the CA")


async def test_requests_that_fail_together_open_the_breaker_once_and_keep_its_backoff() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.extend([DOWN] * 5)
    for number in range(5):
        with_request(world, f"web-{number}")
    await world.run()
    checks = len(world.signer.checks)
    world.signer.release_all()
    await world.run()
    assert (reason(world, CA), len(world.signer.checks)) == ("Pending", checks)
    assert events(world, CA)[-1] == ("Pending", 1)
    assert await world.advance_to_next() >= 0.9 * SECOND
    assert len(world.signer.checks) == checks + 1


async def test_a_failure_while_the_breaker_is_being_opened_keeps_its_backoff() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.extend([DOWN] * 2)
    with_request(world, "one")
    with_request(world, "two")
    await world.run()
    checks = len(world.signer.checks)

    async def fault(cluster: FaultyCluster, patch: PatchStatus) -> None:
        if patch.key == CA:
            world.signer.release_all()
            await world.go_on()
        else:
            cluster.faults.append(fault)
        await cluster.write(patch)

    world.cluster.faults.append(fault)
    world.signer.release()
    await world.run()
    assert (reason(world, CA), len(world.signer.checks)) == ("Pending", checks)
    await world.advance(SECOND)
    assert all(issued(world, request_key(name=name)) for name in ("one", "two"))


async def test_a_straggler_that_fails_later_changes_nothing_about_an_open_breaker() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.extend([DOWN] * 2)
    with_request(world, "one")
    with_request(world, "two")
    await world.run()
    world.signer.release()
    await world.run()
    planned, checks = world.next_due(), len(world.signer.checks)
    world.signer.release_all()
    await world.run()
    assert (world.next_due(), len(world.signer.checks)) == (planned, checks)
    await world.advance(MINUTE)
    assert issued(world, request_key(name="two"))


async def test_a_straggler_cannot_bring_back_an_issuer_that_has_failed() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.extend([IssuerFailed("the account is closed")] * 2)
    with_request(world, "one")
    with_request(world, "two")
    await world.run()
    checks = len(world.signer.checks)
    world.signer.release()
    await world.run()
    assert reason(world, CA) == "Failed"
    world.signer.release_all()
    await world.advance(timedelta(hours=1))
    assert (reason(world, CA), len(world.signer.checks)) == ("Failed", checks)


async def test_a_straggler_does_not_delay_the_check_of_a_changed_spec() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(DOWN)
    with_request(world)
    await world.run()
    world.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    world.signer.release_all()
    await world.run()
    assert world.signer.checks[-1][0].url == "https://mended.example.com"
    assert is_ready(world)
    assert issued(world)


async def test_a_straggler_does_not_delay_the_check_of_a_changed_secret() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.extend([DOWN] * 2)
    with_request(world, "one")
    with_request(world, "two")
    await world.run()
    world.signer.release()
    await world.run()
    assert not is_ready(world)
    world.signer.release_all()
    await world.go_on()  # both wakes are one now
    world.cluster.put_secret(SECRET, {"token": b"mended"})
    await world.run()
    assert is_ready(world)


@pytest.mark.parametrize("mended", ["before the complaint", "before anybody looked at it"])
async def test_a_complaint_about_the_old_secret_does_not_fail_the_mended_issuer(mended: str) -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(IssuerFailed("the account is closed"))
    with_request(world)
    await world.run()
    if mended == "before the complaint":
        world.cluster.put_secret(SECRET, {"token": b"mended"})
        await world.run()  # the check of it begins
    world.signer.release()
    await world.go_on()
    if mended != "before the complaint":
        world.cluster.put_secret(SECRET, {"token": b"mended"})
    world.signer.release_all()
    await world.run()
    assert is_ready(world)
    assert issued(world)
    assert ("Failed" in [told for told, _ in events(world, CA)]) == (mended != "before the complaint")


async def test_a_complaint_about_the_old_spec_says_nothing_of_the_new_one() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(IssuerFailed("the account is closed"))
    with_request(world)
    await world.run()
    world.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    await world.run()
    world.signer.release(1)  # the check
    await world.run()
    assert is_ready(world)
    world.signer.release_all()
    await world.run()
    assert issued(world)
    assert "Failed" not in [told for told, _ in events(world, CA)]


async def test_a_changed_spec_ends_a_complaint_and_the_waiting_request_is_signed() -> None:
    world = await a_ready_world()
    world.signer.answers.append(DOWN)
    with_request(world)
    await world.a_little()
    await world.go_on()  # the complaint is made, and nobody has looked at it
    world.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    await world.run()
    assert issued(world)


async def test_a_complaint_about_an_issuer_that_is_gone_is_nobodys() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(DOWN)
    with_request(world)
    await world.run()
    world.cluster.delete(CA)
    await world.run()
    world.signer.release_all()
    await world.run()
    assert reason(world) == "Pending"
    with_issuer(world)
    await world.run()
    assert issued(world)


async def test_while_the_breaker_cannot_be_written_open_it_is_open_all_the_same() -> None:
    world = await a_ready_world()
    world.signer.answers.append(DOWN)
    world.cluster.faults.extend([meanwhile(lambda: None), fails(Transient("503")), fails(Transient("503"))])
    with_request(world, "one")
    await world.run()
    assert is_ready(world)
    two = with_request(world, "two")
    world.cluster.faults.clear()
    await world.run()
    assert message(world, two) == "Waiting for the issuer: 503 from the CA"
    assert len(world.signer.orders) == 1
    await world.advance(10 * SECOND)
    assert issued(world, two)


async def test_a_signature_of_a_deleted_issuer_does_not_close_its_successors_breaker() -> None:
    world = await a_ready_world()
    world.signer.hold()
    with_request(world, "one")
    await world.run()
    world.cluster.delete(CA)
    with_issuer(world)
    await world.run()
    world.signer.release(1)  # the check
    world.signer.answers.append(DOWN)
    with_request(world, "two")
    await world.run()
    world.signer.release(1)
    await world.run()
    assert not is_ready(world)
    world.signer.release(0)  # what the old one signs
    for name in ("three", "four"):
        with_request(world, name)
    await world.advance_to_next()
    world.signer.release(0)  # the check
    await world.run()
    assert is_ready(world)
    assert len(world.signer.held) == 1


async def test_a_complaint_during_a_running_check_is_not_lost_when_the_check_passes() -> None:
    world = await a_ready_world()
    world.signer.hold()
    world.signer.answers.append(DOWN)
    with_request(world)
    world.cluster.update(CA, annotations={"check": "now"})
    await world.run()
    assert len(world.signer.held) == 2
    world.signer.release(world.visits[-2:].index(WEB))
    await world.run()
    world.signer.release_all()
    await world.run()
    assert message(world, CA) == "Temporary error. Retrying: 503 from the CA"
    await world.advance(SECOND)
    assert issued(world)
