"""A Cluster under test with its watch running, and the names that its tests use.

Polls with a deadline; sees only what its own test made, for an API server holds what others left, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from domain.effects import PatchStatus, Status
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    Condition,
    Issuer,
    ObjectKey,
    RequestSnapshot,
)
from entrypoints.issuer import NAMES
from tests.contracts.cluster_driver import ClusterDriver

NOW = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
NOW_STORED = NOW.replace(microsecond=0)
DEADLINE = 20.0  # seconds in which a watch has told of a change, and much more than it takes


def condition(status: str, reason: str, kind: str = "Ready", generation: int | None = None) -> Condition:
    return Condition(kind, status, reason, f"because of {reason}", NOW, generation)


def stored(told: Condition) -> Condition:
    return replace(told, since=NOW_STORED)


class Watched:
    """The adapter with its watch running, and whom of this test it woke."""

    def __init__(self, driver: ClusterDriver) -> None:
        self.driver = driver
        self.cluster = driver.cluster
        self.woken: list[ObjectKey] = []

    def enqueue(self, key: ObjectKey, after: timedelta) -> None:
        mine = (self.driver.namespace, self.driver.other_namespace)
        if key.namespace in mine or key.name in mine:  # the API server holds what other tests left, too
            self.woken.append(key)

    async def eventually(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(DEADLINE):
                while not holds():  # noqa: ASYNC110 - an adapter tells nobody
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"not within {DEADLINE} s: {what}; woken: {self.woken}") from None

    async def wakes(self, key: ObjectKey) -> None:
        """Waits until the key is woken, and forgets it then."""
        await self.eventually(lambda: key in self.woken, f"{key} is woken")
        self.woken = [other for other in self.woken if other != key]

    async def issuer(self, key: ObjectKey) -> Issuer:
        found = await self.cluster.load(key)
        assert isinstance(found, Issuer)
        return found

    async def request(self, key: ObjectKey) -> RequestSnapshot:
        found = await self.cluster.load(key)
        assert isinstance(found, RequestSnapshot)
        return found

    async def write(self, key: ObjectKey, status: Status) -> None:
        found = await self.cluster.load(key)
        assert found is not None
        version = found.resource_version if isinstance(found, Issuer) else found.request.resource_version
        await self.cluster.apply(PatchStatus(key, version, status))


class ClusterStage:
    """The fixtures of the Cluster contract; wants one more, `driver`."""

    @pytest_asyncio.fixture
    async def watched(self, driver: ClusterDriver) -> AsyncIterator[Watched]:
        watched = Watched(driver)
        task = asyncio.create_task(driver.cluster.watch(watched.enqueue))
        async with asyncio.timeout(DEADLINE):
            await driver.cluster.synced()
        yield watched
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    @pytest.fixture
    def issuer(self, driver: ClusterDriver) -> ObjectKey:
        return ObjectKey(NAMES.issuer, driver.namespace, "contract")

    @pytest.fixture
    def cluster_issuer(self, driver: ClusterDriver) -> ObjectKey:
        return ObjectKey(NAMES.cluster_issuer, "", driver.namespace)

    @pytest.fixture
    def request_key(self, driver: ClusterDriver) -> ObjectKey:
        return ObjectKey(CERTIFICATE_REQUEST, driver.namespace, "contract")

    @pytest.fixture
    def csr_key(self, driver: ClusterDriver) -> ObjectKey:
        return ObjectKey(CERTIFICATE_SIGNING_REQUEST, "", driver.namespace)
