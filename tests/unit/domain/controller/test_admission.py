"""A status that admission refuses is told by an Event in its words, and written again without a new signature."""

from __future__ import annotations

import pytest

from domain.conditions import STATUS_REFUSED
from domain.model import ObjectKey
from tests.support.factories import KINDS, MINUTE
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    WEB,
    a_ready_world,
    events,
    is_ready,
    issued,
    signed,
    uid,
    with_issuer,
    with_request,
    with_secret,
)

both_kinds = pytest.mark.parametrize("kind", KINDS)
WHY = "admission webhook 'hold.example.com' denied the request: no certificates on Fridays"


def notes(world: Harness, key: ObjectKey) -> list[str]:
    return [seen.event.note for seen in world.recorder.about(key) if seen.event.reason == "StatusRefused"]


@both_kinds
async def test_the_refusal_is_quoted_and_the_certificate_kept(kind: str) -> None:
    world = await a_ready_world()
    key = with_request(world, kind=kind)
    world.cluster.refuse_statuses(key, WHY)
    await world.advance(MINUTE)
    assert notes(world, key) == [STATUS_REFUSED.format(why=f"{key} is forbidden: {WHY}")]
    assert world.cluster.status(key) is None
    world.cluster.accept_statuses(key)
    await world.advance(MINUTE)
    assert issued(world, key)
    assert signed(world) == [uid(world, key)]


async def test_repeated_refusals_are_one_event_with_a_count_and_come_ever_later() -> None:
    world = await a_ready_world()
    with_request(world)
    world.cluster.refuse_statuses(WEB, WHY)
    await world.advance(60 * MINUTE)
    ((told, count),) = events(world)
    assert told == "StatusRefused"
    assert 15 < count < 25  # nine in the first five minutes, then one in five


async def test_a_hostile_refusal_becomes_one_short_line() -> None:
    world = await a_ready_world()
    with_request(world)
    world.cluster.refuse_statuses(WEB, "no\n\x1b[31m\u2028" * 1000)
    await world.run()
    (note,) = notes(world, WEB)
    assert note.isprintable()
    assert len(note.encode()) <= 1024


async def test_a_status_without_an_answer_is_told_and_repeated_too() -> None:
    world = Harness()
    with_request(world)
    world.cluster.refuse_statuses(WEB, WHY)
    await world.run()
    assert len(notes(world, WEB)) == 1
    world.cluster.accept_statuses(WEB)
    await world.advance(MINUTE)
    assert world.cluster.status(WEB) is not None
    assert signed(world) == []


async def test_the_refused_status_of_an_issuer_is_told_about_the_issuer() -> None:
    world = Harness()
    with_secret(world)
    with_issuer(world)
    world.cluster.refuse_statuses(CA, WHY)
    await world.run()
    assert len(notes(world, CA)) == 1
    world.cluster.accept_statuses(CA)
    await world.advance(MINUTE)
    assert is_ready(world)


async def test_a_stop_stores_what_admission_has_refused_before() -> None:
    world = await a_ready_world()
    with_request(world)
    world.cluster.refuse_statuses(WEB, WHY)
    await world.run()
    assert world.reconciler.has_unwritten_result(WEB)
    world.cluster.accept_statuses(WEB)
    await world.reconciler.reconcile(WEB)
    assert issued(world)
    assert not world.reconciler.has_unwritten_result(WEB)
