"""A status that admission refuses is told by an Event in its words, and written again without a new signature."""

from __future__ import annotations

import pytest

from domain.model import ObjectKey
from domain.reasons import STATUS_REFUSED
from tests.support.factories import KINDS, MINUTE
from tests.support.harness import Harness
from tests.support.scenes import (
    CA,
    WEB,
    a_ready_harness,
    events,
    is_ready,
    issued,
    signed,
    uid,
    with_issuer,
    with_request,
    with_secret,
)

every_kind = pytest.mark.parametrize("kind", KINDS)
WHY = "admission webhook 'hold.example.com' denied the request: no certificates on Fridays"


def notes(harness: Harness, key: ObjectKey) -> list[str]:
    return [seen.event.note for seen in harness.recorder.about(key) if seen.event.reason == "StatusRefused"]


@every_kind
async def test_the_refusal_is_quoted_and_the_certificate_kept(kind: str) -> None:
    harness = await a_ready_harness()
    key = with_request(harness, kind=kind)
    harness.cluster.refuse_statuses(key, WHY)
    await harness.advance(MINUTE)
    assert notes(harness, key) == [STATUS_REFUSED.format(why=f"{key} is forbidden: {WHY}")]
    assert harness.cluster.status(key) is None
    harness.cluster.accept_statuses(key)
    await harness.advance(MINUTE)
    assert issued(harness, key)
    assert signed(harness) == [uid(harness, key)]


async def test_repeated_refusals_are_one_event_with_a_count_and_come_ever_later() -> None:
    harness = await a_ready_harness()
    with_request(harness)
    harness.cluster.refuse_statuses(WEB, WHY)
    await harness.advance(60 * MINUTE)
    ((told, count),) = events(harness)
    assert told == "StatusRefused"
    assert 15 < count < 25  # nine in the first five minutes, then one in five


async def test_a_hostile_refusal_becomes_one_short_line() -> None:
    harness = await a_ready_harness()
    with_request(harness)
    harness.cluster.refuse_statuses(WEB, "no\n\x1b[31m\u2028" * 1000)
    await harness.run()
    (note,) = notes(harness, WEB)
    assert note.isprintable()
    assert len(note.encode()) <= 1024


async def test_a_status_without_an_answer_is_told_and_repeated_too() -> None:
    harness = Harness()
    with_request(harness)
    harness.cluster.refuse_statuses(WEB, WHY)
    await harness.run()
    assert len(notes(harness, WEB)) == 1
    harness.cluster.accept_statuses(WEB)
    await harness.advance(MINUTE)
    assert harness.cluster.status(WEB) is not None
    assert signed(harness) == []


async def test_the_refused_status_of_an_issuer_is_told_about_the_issuer() -> None:
    harness = Harness()
    with_secret(harness)
    with_issuer(harness)
    harness.cluster.refuse_statuses(CA, WHY)
    await harness.run()
    assert len(notes(harness, CA)) == 1
    harness.cluster.accept_statuses(CA)
    await harness.advance(MINUTE)
    assert is_ready(harness)


async def test_a_stop_stores_what_admission_has_refused_before() -> None:
    harness = await a_ready_harness()
    with_request(harness)
    harness.cluster.refuse_statuses(WEB, WHY)
    await harness.run()
    assert harness.reconciler.has_unwritten_result(WEB)
    harness.cluster.accept_statuses(WEB)
    await harness.reconciler.reconcile(WEB)
    assert issued(harness)
    assert not harness.reconciler.has_unwritten_result(WEB)
