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
    a_ready_harness,
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
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.extend([DOWN] * 5)
    for number in range(5):
        with_request(harness, f"web-{number}")
    await harness.run()
    checks = len(harness.signer.checks)
    harness.signer.release_all()
    await harness.run()
    assert (reason(harness, CA), len(harness.signer.checks)) == ("Pending", checks)
    assert events(harness, CA)[-1] == ("Pending", 1)
    assert await harness.advance_to_next() >= 0.9 * SECOND
    assert len(harness.signer.checks) == checks + 1


async def test_a_failure_while_the_breaker_is_being_opened_keeps_its_backoff() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.extend([DOWN] * 2)
    with_request(harness, "one")
    with_request(harness, "two")
    await harness.run()
    checks = len(harness.signer.checks)

    async def fault(cluster: FaultyCluster, patch: PatchStatus) -> None:
        if patch.key == CA:
            harness.signer.release_all()
            await harness.go_on()
        else:
            cluster.faults.append(fault)
        await cluster.write(patch)

    harness.cluster.faults.append(fault)
    harness.signer.release()
    await harness.run()
    assert (reason(harness, CA), len(harness.signer.checks)) == ("Pending", checks)
    await harness.advance(SECOND)
    assert all(issued(harness, request_key(name=name)) for name in ("one", "two"))


async def test_a_straggler_that_fails_later_changes_nothing_about_an_open_breaker() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.extend([DOWN] * 2)
    with_request(harness, "one")
    with_request(harness, "two")
    await harness.run()
    harness.signer.release()
    await harness.run()
    planned, checks = harness.next_due(), len(harness.signer.checks)
    harness.signer.release_all()
    await harness.run()
    assert (harness.next_due(), len(harness.signer.checks)) == (planned, checks)
    await harness.advance(MINUTE)
    assert issued(harness, request_key(name="two"))


async def test_a_straggler_cannot_bring_back_an_issuer_that_has_failed() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.extend([IssuerFailed("the account is closed")] * 2)
    with_request(harness, "one")
    with_request(harness, "two")
    await harness.run()
    checks = len(harness.signer.checks)
    harness.signer.release()
    await harness.run()
    assert reason(harness, CA) == "Failed"
    harness.signer.release_all()
    await harness.advance(timedelta(hours=1))
    assert (reason(harness, CA), len(harness.signer.checks)) == ("Failed", checks)


async def test_a_straggler_does_not_delay_the_check_of_a_changed_spec() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(DOWN)
    with_request(harness)
    await harness.run()
    harness.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    harness.signer.release_all()
    await harness.run()
    assert harness.signer.checks[-1][0].url == "https://mended.example.com"
    assert is_ready(harness)
    assert issued(harness)


async def test_a_straggler_does_not_delay_the_check_of_a_changed_secret() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.extend([DOWN] * 2)
    with_request(harness, "one")
    with_request(harness, "two")
    await harness.run()
    harness.signer.release()
    await harness.run()
    assert not is_ready(harness)
    harness.signer.release_all()
    await harness.go_on()  # both wakes are one now
    harness.cluster.put_secret(SECRET, {"token": b"mended"})
    await harness.run()
    assert is_ready(harness)


@pytest.mark.parametrize("mended", ["before the complaint", "before anybody looked at it"])
async def test_a_complaint_about_the_old_secret_does_not_fail_the_mended_issuer(mended: str) -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(IssuerFailed("the account is closed"))
    with_request(harness)
    await harness.run()
    if mended == "before the complaint":
        harness.cluster.put_secret(SECRET, {"token": b"mended"})
        await harness.run()  # the check of it begins
    harness.signer.release()
    await harness.go_on()
    if mended != "before the complaint":
        harness.cluster.put_secret(SECRET, {"token": b"mended"})
    harness.signer.release_all()
    await harness.run()
    assert is_ready(harness)
    assert issued(harness)
    assert ("Failed" in [told for told, _ in events(harness, CA)]) == (mended != "before the complaint")


async def test_a_complaint_about_the_old_spec_says_nothing_of_the_new_one() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(IssuerFailed("the account is closed"))
    with_request(harness)
    await harness.run()
    harness.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    await harness.run()
    harness.signer.release(1)  # the check
    await harness.run()
    assert is_ready(harness)
    harness.signer.release_all()
    await harness.run()
    assert issued(harness)
    assert "Failed" not in [told for told, _ in events(harness, CA)]


async def test_a_changed_spec_ends_a_complaint_and_the_waiting_request_is_signed() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(DOWN)
    with_request(harness)
    await harness.a_little()
    await harness.go_on()  # the complaint is made, and nobody has looked at it
    harness.cluster.update(CA, spec=a_spec(CA, url="https://mended.example.com"))
    await harness.run()
    assert issued(harness)


async def test_a_complaint_about_an_issuer_that_is_gone_is_nobodys() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(DOWN)
    with_request(harness)
    await harness.run()
    harness.cluster.delete(CA)
    await harness.run()
    harness.signer.release_all()
    await harness.run()
    assert reason(harness) == "Pending"
    with_issuer(harness)
    await harness.run()
    assert issued(harness)


async def test_while_the_breaker_cannot_be_written_open_it_is_open_all_the_same() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(DOWN)
    harness.cluster.faults.extend([meanwhile(lambda: None), fails(Transient("503")), fails(Transient("503"))])
    with_request(harness, "one")
    await harness.run()
    assert is_ready(harness)
    two = with_request(harness, "two")
    harness.cluster.faults.clear()
    await harness.run()
    assert message(harness, two) == "Waiting for the issuer: 503 from the CA"
    assert len(harness.signer.orders) == 1
    await harness.advance(10 * SECOND)
    assert issued(harness, two)


async def test_a_signature_of_a_deleted_issuer_does_not_close_its_successors_breaker() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    with_request(harness, "one")
    await harness.run()
    harness.cluster.delete(CA)
    with_issuer(harness)
    await harness.run()
    harness.signer.release(1)  # the check
    harness.signer.answers.append(DOWN)
    with_request(harness, "two")
    await harness.run()
    harness.signer.release(1)
    await harness.run()
    assert not is_ready(harness)
    harness.signer.release(0)  # what the old one signs
    for name in ("three", "four"):
        with_request(harness, name)
    await harness.advance_to_next()
    harness.signer.release(0)  # the check
    await harness.run()
    assert is_ready(harness)
    assert len(harness.signer.held) == 1


async def test_a_complaint_during_a_running_check_is_not_lost_when_the_check_passes() -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    harness.signer.answers.append(DOWN)
    with_request(harness)
    harness.cluster.update(CA, annotations={"check": "now"})
    await harness.run()
    assert len(harness.signer.held) == 2
    harness.signer.release(harness.visits[-2:].index(WEB))
    await harness.run()
    harness.signer.release_all()
    await harness.run()
    assert message(harness, CA) == "Temporary error. Retrying: 503 from the CA"
    await harness.advance(SECOND)
    assert issued(harness)
