"""The manager in an election: what becomes of work when the lead comes and goes.

The real manager, wired as ever; the Lease, the cluster and the CA are in memory. The other candidate is the test,
which writes the Lease by hand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest
from dependency_injector import providers

from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from adapters.signers.decorators import LeaderOnlySigner
from domain.effects import PatchStatus, RequestStatus
from domain.errors import LeadLost, SigningError
from domain.model import Condition, ObjectKey, Request
from entrypoints.container import in_memory
from entrypoints.settings import Settings
from tests.support.electing import PATIENCE, TIMES, FarLease, PausedClock, eventually
from tests.support.factories import (
    T0,
    a_new_issuer,
    a_request,
    certificate,
    cluster_issuer_key,
    request_key,
    secret_key,
)
from tests.support.scripted_signer import ScriptedSigner

pytestmark = pytest.mark.usefixtures("skipped_waits")
CA, WEB = cluster_issuer_key(), request_key()


class HeldCluster(MemoryCluster):
    """Its writes of requests can be held up."""

    def __init__(self) -> None:
        super().__init__()
        self.writable = asyncio.Event()
        self.writable.set()
        self.writing = 0

    async def apply(self, patch: PatchStatus) -> None:
        if patch.key.kind == WEB.kind:
            self.writing += 1
            await self.writable.wait()
        await super().apply(patch)


class Stage:
    def __init__(self) -> None:
        self.cluster, self.lease, self.clock, self.signer = HeldCluster(), FarLease(), PausedClock(), ScriptedSigner()
        settings = Settings(
            "system",
            leader_elect=True,
            leader_election_lease_duration=TIMES.duration,
            leader_election_renew_deadline=TIMES.renew_deadline,
            leader_election_retry_period=TIMES.retry_period,
        )
        self.container = in_memory(settings, self.cluster, MemoryRecorder(self.clock))
        self.container.clock.override(providers.Object(self.clock))
        self.container.lease.override(providers.Object(self.lease))
        guarded = LeaderOnlySigner(self.signer, self.container.leader_election().is_leader)
        self.container.signers.override(providers.Object({"Scripted": guarded}))
        self.stop = asyncio.Event()
        self.manager = asyncio.create_task(self.container.manager().run(self.stop))

    def create(self, *names: str) -> None:
        for name in names:
            key = request_key(name=name)
            self.cluster.create(a_request(key=key, approved_at=self.clock.now()))

    def is_issued(self, key: ObjectKey = WEB) -> bool:
        request = self.cluster.stored(key)
        return isinstance(request, Request) and request.has_certificate

    def release(self) -> None:
        """Lets those go on whom the signer holds; some were cancelled."""
        self.signer.held = [held for held in self.signer.held if not held.done()]
        self.signer.release_all()

    def is_leader(self) -> bool:
        return self.container.leader_election().is_leader()

    async def ends(self) -> None:
        """Waits until the manager has ended of itself, because it has lost the lead."""
        async with asyncio.timeout(PATIENCE / 2):  # half the time that a stop waits for what is under way
            with pytest.raises(LeadLost):
                await self.manager

    async def settles(self) -> None:
        """Some renewals or looks pass, and every task has its turn."""
        for _ in range(20):
            await asyncio.sleep(TIMES.look_period.total_seconds() / 2)


@asynccontextmanager
async def a_manager(*, is_leader: bool = True) -> AsyncIterator[Stage]:
    stage = Stage()
    if not is_leader:
        stage.lease.give("another")
    stage.cluster.put_secret(secret_key(CA), {"token": b"t0ken"})
    stage.cluster.create(a_new_issuer(CA))
    try:
        if is_leader:
            await eventually(lambda: stage.signer.checks, "the issuer is checked")
        yield stage
    finally:
        stage.release()
        stage.cluster.writable.set()
        stage.stop.set()
        with suppress(LeadLost):
            await stage.manager


async def test_a_standby_is_ready_and_works_on_nothing() -> None:
    async with a_manager(is_leader=False) as stage:
        stage.create("web")
        await eventually(lambda: stage.container.manager()._ready, "it is ready")
        await stage.settles()
        assert (stage.signer.checks, stage.signer.orders) == ([], [])
        assert stage.cluster.status(CA) is stage.cluster.status(WEB) is None


async def test_nothing_piles_up_in_a_standby() -> None:
    async with a_manager(is_leader=False) as stage:
        for number in range(50):
            stage.create(f"web-{number}")
        await stage.settles()
        for number in range(50):
            stage.cluster.delete(request_key(name=f"web-{number}"))
        await stage.settles()
        queues = stage.container.controller().queues.values()
        assert [(len(queue), queue.next_due()) for queue in queues] == [(0, None), (0, None)]
        assert stage.container.reconciler()._attempts == {}


async def test_a_standby_that_gets_the_lead_does_all_there_is_to_do() -> None:
    async with a_manager(is_leader=False) as stage:
        stage.create("web", "more")
        await stage.settles()
        stage.lease.give("")
        await eventually(lambda: stage.is_issued() and stage.is_issued(request_key(name="more")), "all are issued")
        assert len(stage.signer.orders) == 2


async def test_a_leader_that_cannot_renew_begins_nothing_new_and_ends(caplog: pytest.LogCaptureFixture) -> None:
    async with a_manager() as stage:
        stage.signer.hold()
        stage.create("web")
        await eventually(lambda: stage.signer.held, "the signer is asked")
        stage.lease.away = True
        await eventually(lambda: not stage.is_leader(), "the lead is lost")
        stage.create("late")
        assert stage.signer.held[0].cancelled() is False, "what is under way has a little longer"
        await stage.ends()
        assert stage.signer.held[0].cancelled()
        assert len(stage.signer.orders) == 1
        assert stage.cluster.status(request_key(name="late")) is None
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [
        "lost the Lease, ending with exit status 1: it could not be renewed for 0.4s"
    ]


async def test_an_answer_that_comes_between_the_renew_deadline_and_the_end_is_written() -> None:
    async with a_manager() as stage:
        stage.signer.hold()
        stage.create("web")
        await eventually(lambda: stage.signer.held, "the signer is asked")
        stage.lease.away = True
        await eventually(lambda: not stage.is_leader(), "the lead is lost")
        stage.release()
        await eventually(stage.is_issued, "it is written")
        await stage.ends()


async def test_a_leader_that_finds_another_in_its_place_writes_nothing_more_and_ends() -> None:
    async with a_manager() as stage:
        stage.cluster.writable.clear()
        stage.create("web")
        await eventually(lambda: stage.cluster.writing, "its write is under way")
        stage.lease.give("another")
        await stage.ends()
        stage.cluster.writable.set()
        await stage.settles()
        assert not stage.is_issued()
        assert stage.lease.holder == "another"


async def test_a_lead_that_is_lost_during_a_stop_ends_the_stop() -> None:
    async with a_manager() as stage:
        stage.signer.hold()
        stage.create("web")
        await eventually(lambda: stage.signer.held, "the signer is asked")
        stage.stop.set()
        await stage.settles()
        assert not stage.manager.done(), "the stop waits for what is being signed"
        stage.lease.give("another")
        await stage.ends()
        assert stage.signer.held[0].cancelled()


async def test_what_another_has_answered_during_a_pause_is_left_alone() -> None:
    async with a_manager() as stage:
        stage.cluster.writable.clear()
        stage.create("web")
        await eventually(lambda: stage.cluster.writing, "its write is under way")
        request = stage.cluster.stored(WEB)
        ready = Condition("Ready", "True", "Issued", "by another", T0)
        patch = PatchStatus(WEB, request.resource_version, RequestStatus(ready, b"another's"))
        await MemoryCluster.apply(stage.cluster, patch)
        stage.clock.ahead += TIMES.duration
        stage.cluster.writable.set()
        await stage.ends()
        assert certificate(stage.cluster.status(WEB)) == b"another's"


async def test_after_a_pause_no_signer_is_asked_on_the_strength_of_the_old_lease() -> None:
    async with a_manager() as stage:
        stage.signer.hold()
        stage.create("web")
        await eventually(lambda: stage.signer.held, "the signer is asked")
        # What SIGCONT finds: time has passed, another leads, and no timer of ours has fired yet.
        stage.lease.give("another")
        stage.clock.ahead += TIMES.duration
        with pytest.raises(asyncio.CancelledError):
            await stage.container.signers()["Scripted"].sign(stage.signer.orders[0])
        with pytest.raises(asyncio.CancelledError):
            await stage.container.signers()["Scripted"].check(*stage.signer.checks[0])
        stage.create("late")
        await stage.ends()
        assert len(stage.signer.orders) == 1
        assert stage.cluster.status(request_key(name="late")) is None


async def test_a_wall_clock_that_is_set_back_costs_neither_the_lead_nor_a_request() -> None:
    async with a_manager() as stage:
        stage.create("before")
        stage.clock.set_back = timedelta(hours=2)
        stage.create("after")
        stage.signer.answers.append(SigningError("the CA stutters"))
        stage.create("retried")
        names = ("before", "after", "retried")
        await eventually(lambda: all(stage.is_issued(request_key(name=name)) for name in names), "all are issued")
        assert stage.is_leader()


async def test_a_stop_finishes_what_is_being_signed_and_then_releases_the_lease() -> None:
    async with a_manager() as stage:
        stage.signer.hold()
        stage.create("web")
        await eventually(lambda: stage.signer.held, "the signer is asked")
        stage.stop.set()
        renewals = len(stage.lease.writes)
        await eventually(
            lambda: len(stage.lease.writes) > renewals + 20, "the lease is kept for longer than a deadline"
        )
        assert stage.lease.holder not in ("", "another")
        stage.release()
        async with asyncio.timeout(20):
            await stage.manager
        assert stage.is_issued()
        assert (stage.lease.holder, stage.lease.writes[-1].duration) == ("", timedelta(seconds=1))


async def test_a_standby_that_stops_leaves_the_lease_alone() -> None:
    async with a_manager(is_leader=False) as stage:
        await stage.settles()
        stage.stop.set()
        await stage.manager
        assert stage.lease.holder == "another"
        assert stage.lease.writes == []
