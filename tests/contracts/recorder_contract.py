"""The contract of the port Recorder.

What people see is asked where they look for it (`told`), after `flush`; an Event that repeats itself is one
Event with a series, as `kubectl describe` shows it.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest_asyncio

from domain.effects import Event
from domain.model import ObjectKey
from domain.ports import Recorder
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock

ISSUER = ObjectKey(NAMES.issuer, "default", "recorder-contract")
CLUSTER_ISSUER = ObjectKey(NAMES.cluster_issuer, "", "recorder-contract")


@dataclass(frozen=True)
class Told:
    """One Event as it can be read; `count` is 1 where there is no series."""

    type: str
    reason: str
    action: str
    note: str
    count: int


class Stage(ABC):
    """A recorder under test, its clock, and a way to read what it told."""

    recorder: Recorder
    clock: StoppedClock

    @abstractmethod
    async def told(self, uid: str) -> list[Told]:
        """All Events about the object with this uid, oldest first."""


def event(uid: str, note: str = "failed to get Secret", regarding: ObjectKey = ISSUER) -> Event:
    return Event(regarding, uid, "Warning", "Pending", "Check", note)


class RecorderContract:
    """Inherit, and give a fixture `stage`; `uid` is another one in each test."""

    @pytest_asyncio.fixture(autouse=True)
    async def publishing(self, stage: Stage) -> AsyncIterator[None]:
        task = asyncio.create_task(stage.recorder.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def test_an_event_is_told_as_it_was_recorded(self, stage: Stage, uid: str) -> None:
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        assert await stage.told(uid) == [Told("Warning", "Pending", "Check", "failed to get Secret", 1)]

    async def test_the_same_event_within_ten_minutes_is_a_series(self, stage: Stage, uid: str) -> None:
        for _ in range(3):
            stage.recorder.record(event(uid))
            stage.clock.time += timedelta(minutes=9)
            await stage.recorder.flush()
        assert [told.count for told in await stage.told(uid)] == [3]

    async def test_after_ten_minutes_it_is_a_new_event(self, stage: Stage, uid: str) -> None:
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        stage.clock.time += timedelta(minutes=11)
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        assert [told.count for told in await stage.told(uid)] == [1, 1]

    async def test_another_note_is_another_event(self, stage: Stage, uid: str) -> None:
        stage.recorder.record(event(uid, "one"))
        stage.recorder.record(event(uid, "two"))
        await stage.recorder.flush()
        assert sorted(told.note for told in await stage.told(uid)) == ["one", "two"]

    async def test_objects_of_no_namespace_have_events_too(self, stage: Stage, uid: str) -> None:
        stage.recorder.record(event(uid, regarding=CLUSTER_ISSUER))
        await stage.recorder.flush()
        assert len(await stage.told(uid)) == 1

    async def test_a_name_as_long_as_names_can_be_has_events_too(self, stage: Stage, uid: str) -> None:
        long = replace(ISSUER, name="a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61)
        stage.recorder.record(event(uid, regarding=long))
        await stage.recorder.flush()
        assert len(await stage.told(uid)) == 1
