"""The loop around leader_election.py: it reads the Lease, writes it, and ends with LeadLost when the lead is lost.

Whether this process leads is asked of `leads`, each time anew: after a pause of the whole process no timer has fired
yet. A process leads once: as programs with client-go do, it ends when it has lost the Lease, and its pod starts anew.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

from domain.controller.leader_election import Leadership
from domain.durations import text
from domain.errors import ClusterError, Conflict
from domain.ports import Clock, Lease

_log = logging.getLogger("issuer.leader")


class LeadLost(Exception):
    """This process has led and leads no more: it must end. The log has the reason."""


class Election(Protocol):
    """Whether this process is the one that works."""

    @abstractmethod
    def leads(self) -> bool:
        """Whether work may be begun, and a signer be asked, at this moment. A lead that has ended never comes back."""

    @abstractmethod
    async def gained(self) -> None:
        """Returns when this process leads."""

    @abstractmethod
    async def run(self) -> None:
        """Takes part until cancelled; raises LeadLost when even the work that was begun must have an end."""

    @abstractmethod
    async def release(self) -> None:
        """Leads no more and lets another lead at once; to be called when `run` has been cancelled."""


class Unopposed(Election):
    """There is no other process, or nobody cares."""

    def leads(self) -> bool:
        return True

    async def gained(self) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        return


class Elector(Election):
    def __init__(self, lease: Lease, leadership: Leadership, clock: Clock) -> None:
        self._lease = lease
        self._leadership = leadership
        self._clock = clock
        self._times = leadership.times
        self._gained = asyncio.Event()
        self._leader: str | None = None  # the other one that the log named last
        self._trouble = ""

    def leads(self) -> bool:
        return self._leadership.leads(self._clock.uptime())

    async def gained(self) -> None:
        await self._gained.wait()

    async def run(self) -> None:
        _log.info("standing for election as %s", self._leadership.identity)
        await self._stand_by()
        _log.info("leading")
        self._gained.set()
        await self._keep()
        why = f"it could not be renewed for {text(self._times.renew_deadline)}"
        if self._leadership.holder != self._leadership.identity:
            why = f"{self._leadership.holder or 'nobody'} holds it"
        _log.error("lost the Lease, ending with exit status 1: %s", why)
        await asyncio.sleep(self._leadership.work_left(self._clock.uptime()).total_seconds())
        raise LeadLost

    async def release(self) -> None:
        try:
            async with asyncio.timeout(self._times.call_deadline.total_seconds()):
                await self._release()
        except (ClusterError, TimeoutError) as trouble:
            _log.warning("the Lease was not released, others wait for its end: %s", type(trouble).__name__)

    async def _stand_by(self) -> None:
        """Returns when this process leads."""
        while True:
            begun = self._clock.uptime()
            await self._look()
            if self.leads():
                return
            self._tell_leader(self._leadership.holder)
            await self._rest(begun)

    async def _keep(self) -> None:
        """Renews the lead; returns when it has ended, even if a call of the Lease hangs."""
        begun = self._clock.uptime()
        while self.leads():
            left = self._leadership.left(self._clock.uptime())
            with suppress(TimeoutError):
                async with asyncio.timeout(left.total_seconds()):
                    await self._rest(begun)
                    begun = self._clock.uptime()
                    await self._look()

    async def _rest(self, begun: timedelta) -> None:
        """Waits until the look after the one that was begun then is due."""
        now = self._clock.uptime()
        await asyncio.sleep((begun + self._leadership.next_look(now) - now).total_seconds())

    async def _look(self) -> None:
        """Reads the record, and writes it where it is ours or free; what goes wrong is logged."""
        try:
            await self._read_and_write()
        except ClusterError as trouble:
            self._tell_trouble(trouble)
        else:
            self._trouble = ""

    async def _read_and_write(self) -> None:
        found = await self._lease.read()
        begun = self._clock.uptime()
        self._leadership.observe(found, begun)
        if self._gained.is_set() and not self.leads():
            return
        wanted = self._leadership.wanted(begun, self._clock.now())
        if wanted is not None:
            self._leadership.took(await self._lease.write(wanted), begun)

    async def _release(self) -> None:
        while (released := self._leadership.released(self._clock.now())) is not None:
            try:
                await self._lease.write(released)
            except Conflict:  # somebody's label, or a last renewal whose answer was not awaited
                self._leadership.observe(await self._lease.read(), self._clock.uptime())
            else:
                _log.info("released the Lease")
                return

    def _tell_leader(self, leader: str | None) -> None:
        if leader and leader not in (self._leader, self._leadership.identity):
            self._leader = leader
            _log.info("standing by, %s leads", leader)

    def _tell_trouble(self, trouble: ClusterError) -> None:
        """Each trouble once; that somebody else was faster is none."""
        told = f"{type(trouble).__name__}: {trouble}"
        if not isinstance(trouble, Conflict) and told != self._trouble:
            self._trouble = told
            _log.warning("the Lease cannot be had: %s", told)
