"""The life of a bundle, from an issuer that asks for it to one that no longer does, whatever fails."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.memory.trust_bundles import Bundle
from domain.effects import IssuerStatus
from domain.errors import Conflict, Forbidden, IssuerUnhealthy, NotServed, Transient
from entrypoints.issuer import NAMES
from tests.support.factories import a_spec
from tests.support.harness import Harness, fails, meanwhile
from tests.support.scenes import CA, events, is_ready, with_issuer, with_secret

NAME = NAMES.trust_bundle_name(CA)
ASKING, SILENT = a_spec(CA, trust_bundle=True), a_spec(CA)


def a_harness(**issuer: Any) -> Harness:
    harness = Harness()
    harness.signer.roots = b"old\n"
    with_secret(harness)
    with_issuer(harness, **{"spec": ASKING, **issuer})
    return harness


def published(harness: Harness) -> bytes | None:
    found = harness.trust_bundles.bundles.get(NAME)
    return found.roots if found else None


def reason(harness: Harness) -> str | None:
    """Of the condition TrustBundle; None where there is none."""
    status = harness.cluster.status(CA)
    assert isinstance(status, IssuerStatus)
    return status.bundle.reason if status.bundle else None


async def test_roots_are_published_kept_current_and_removed() -> None:
    harness = a_harness()
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (b"old\n", "Published", True)
    assert events(harness, CA) == [("Initializing", 1), ("Publishing", 1), ("Checked", 1), ("Published", 1)]

    harness.signer.roots = b"new\n"
    await harness.advance_to_next()
    assert published(harness) == b"old\nnew\n"
    writes = len(harness.cluster.applied)
    await harness.advance_to_next()
    assert len(harness.cluster.applied) == writes

    harness.cluster.update(CA, spec=SILENT)
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (None, None, True)


async def test_an_issuer_that_does_not_ask_costs_no_call() -> None:
    harness = a_harness(spec=SILENT)
    harness.trust_bundles.faults.append(Transient("asked"))
    await harness.run()
    await harness.advance_to_next()
    assert (len(harness.trust_bundles.faults), reason(harness), is_ready(harness)) == (1, None, True)


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (NotServed("no"), "NotServed"),
        (Forbidden("no"), "Forbidden"),
        (Conflict("no"), "NotPublished"),
        (Transient("no"), "NotPublished"),
    ],
)
async def test_what_fails_leaves_the_issuer_ready_and_is_tried_at_the_next_check(trouble: Any, told: str) -> None:
    harness = a_harness()
    harness.trust_bundles.faults.append(trouble)
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (None, told, True)
    checks = len(harness.signer.checks)
    await harness.advance_to_next()
    assert (published(harness), reason(harness)) == (b"old\n", "Published")
    assert len(harness.signer.checks) == checks + 1


async def test_a_signer_without_roots_publishes_nothing_and_keeps_what_is_there() -> None:
    harness = a_harness()
    harness.signer.roots = b""
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (None, "NoRoot", True)
    harness.trust_bundles.bundles[NAME] = Bundle("uid-1", b"old\n")
    await harness.advance_to_next()
    assert published(harness) == b"old\n"


async def test_a_check_that_fails_keeps_bundle_and_condition() -> None:
    harness = a_harness()
    await harness.run()
    harness.signer.verdicts.append(IssuerUnhealthy("down"))
    await harness.advance_to_next()
    assert (published(harness), reason(harness), is_ready(harness)) == (b"old\n", "Published", False)


async def test_a_bundle_that_nobody_wants_goes_although_the_ca_is_down() -> None:
    harness = a_harness()
    await harness.run()
    harness.signer.verdicts.append(IssuerUnhealthy("down"))
    harness.cluster.update(CA, spec=SILENT)
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (None, None, False)


async def test_what_could_not_be_removed_is_removed_at_the_next_check() -> None:
    harness = a_harness()
    await harness.run()
    harness.trust_bundles.faults.append(Forbidden("no"))
    harness.cluster.update(CA, spec=SILENT)
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (b"old\n", "NotRemoved", True)
    await harness.advance_to_next()
    assert (published(harness), reason(harness)) == (None, None)


async def test_a_bundle_of_somebody_elses_stays_also_when_the_issuer_no_longer_asks() -> None:
    harness = a_harness()
    harness.trust_bundles.bundles[NAME] = Bundle("", b"theirs\n")
    await harness.run()
    assert (published(harness), reason(harness), is_ready(harness)) == (b"theirs\n", "NameTaken", True)
    harness.cluster.update(CA, spec=SILENT)
    await harness.run()
    assert (published(harness), reason(harness)) == (b"theirs\n", None)


async def test_no_bundle_is_forgotten_by_an_issuer_that_changes_its_mind_meanwhile() -> None:
    """Each status write in turn meets an issuer that has just stopped to ask."""
    for number in range(3):
        harness = a_harness()
        for _ in range(number):
            harness.cluster.faults.append(meanwhile(lambda: None))
        harness.cluster.faults.append(meanwhile(lambda: harness.cluster.update(CA, spec=SILENT)))  # noqa: B023
        await harness.run()
        assert not harness.cluster.faults
        assert (published(harness), reason(harness)) == (None, None)


async def test_no_bundle_is_forgotten_by_a_manager_that_is_killed_at_any_write() -> None:
    for number in range(3):
        harness = a_harness()
        for _ in range(number):
            harness.cluster.faults.append(meanwhile(lambda: None))
        harness.cluster.faults.append(fails(Transient("the manager is killed before it can try again")))
        await harness.run()
        assert not harness.cluster.faults
        await harness.kill()
        harness.cluster.update(CA, spec=SILENT)
        harness.start()
        await harness.run()
        assert (published(harness), reason(harness)) == (None, None)


async def test_the_bundle_of_an_issuer_that_is_gone_is_left_to_the_garbage_collector() -> None:
    harness = a_harness()
    await harness.run()
    harness.cluster.delete(CA)
    await harness.run()
    assert published(harness) == b"old\n"
    assert harness.trust_bundles.bundles[NAME].owner == "uid-2"
