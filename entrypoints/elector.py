"""The loop around domain/leadership.py: it asks for the Lease, writes it, and tells of what comes of that.

Law: whether we lead is asked of `leads`, each time anew, for after a pause of the whole process no timer has fired
yet. It never ends by itself: who has lost the lead stands by and may win it again.
"""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable
from typing import Protocol

from domain.durations import text
from domain.errors import ClusterError, Conflict
from domain.leadership import Leadership
from domain.ports import Clock, Lease

_log = logging.getLogger("issuer.leader")


class Election(Protocol):
    """Whether this process is the one that works."""

    @abstractmethod
    def leads(self) -> bool:
        """Whether work may be begun, and a signer be asked, at this moment."""

    @abstractmethod
    async def run(self, gained: Callable[[], None], ended: Callable[[], None]) -> None:
        """Takes part until cancelled: `gained` when we lead, `ended` when even what was begun must have an end."""

    @abstractmethod
    async def release(self) -> None:
        """Leads no more and lets another lead at once; to be called when `run` has been cancelled."""


class Unopposed(Election):
    """There is no other process, or nobody cares."""

    def leads(self) -> bool:
        return True

    async def run(self, gained: Callable[[], None], ended: Callable[[], None]) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        return


class Elector(Election):
    def __init__(self, lease: Lease, leadership: Leadership, clock: Clock) -> None:
        self._lease = lease
        self._leadership = leadership
        self._clock = clock
        self._times = leadership.times
        self._timers: list[asyncio.TimerHandle] = []
        self._denied = False  # whether any work was dropped since the lead was gained
        self._leading = False  # as it was last told, and so are the next two
        self._leader: str | None = None
        self._trouble = ""

    def leads(self) -> bool:
        leads = self._leadership.leads(self._clock.uptime())
        self._denied = self._denied or not leads
        return leads

    async def run(self, gained: Callable[[], None], ended: Callable[[], None]) -> None:
        _log.info("standing for election as %s", self._leadership.identity)
        while True:
            begun = self._clock.uptime()
            try:
                await self._stand()
            except ClusterError as trouble:
                self._tell_trouble(trouble)
            else:
                self._trouble = ""
                self._conclude(gained, ended)
            now = self._clock.uptime()
            await asyncio.sleep((begun + self._leadership.next_look(now) - now).total_seconds())

    async def release(self) -> None:
        self._disarm()
        try:
            async with asyncio.timeout(self._times.call_deadline.total_seconds()):
                await self._release()
        except (ClusterError, TimeoutError) as trouble:
            _log.warning("the Lease was not released, others wait for its end: %s", type(trouble).__name__)

    async def _stand(self) -> None:
        """Reads the record, and writes it where it is ours or free."""
        found = await self._lease.read()
        begun = self._clock.uptime()
        self._leadership.observe(found, begun)
        wanted = self._leadership.wanted(begun, self._clock.now())
        if wanted is not None:
            self._leadership.took(await self._lease.write(wanted), begun)

    def _conclude(self, gained: Callable[[], None], ended: Callable[[], None]) -> None:
        """What the last look means for the work."""
        if self._leadership.leads(self._clock.uptime()):
            self._arm(ended)
            self._tell_gained(gained)
        elif self._leadership.holder != self._leadership.identity:
            self._tell_lost(f"{self._leadership.holder} leads")
            self._end(ended)
            self._tell_leader(self._leadership.holder)

    def _arm(self, ended: Callable[[], None]) -> None:
        """Sets the two moments at which a lead ends that is not renewed: first for new work, then for all of it."""
        self._disarm()
        overdue = f"it could not be renewed for {text(self._times.renew_deadline)}"
        left, loop = self._leadership.left(self._clock.uptime()), asyncio.get_running_loop()
        rest = self._times.work_deadline - self._times.renew_deadline
        self._timers = [
            loop.call_later(left.total_seconds(), self._tell_lost, overdue),
            loop.call_later((left + rest).total_seconds(), self._end, ended),
        ]

    def _end(self, ended: Callable[[], None]) -> None:
        if self._timers:
            self._disarm()
            ended()

    def _disarm(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers = []

    async def _release(self) -> None:
        while (released := self._leadership.released(self._clock.now())) is not None:
            try:
                await self._lease.write(released)
            except Conflict:  # somebody's label, or a last renewal whose answer was not awaited
                self._leadership.observe(await self._lease.read(), self._clock.uptime())
            else:
                _log.info("released the Lease")
                return

    def _tell_gained(self, gained: Callable[[], None]) -> None:
        if self._leading and not self._denied:
            return
        if not self._leading:
            _log.info("leading")
        self._leading, self._leader, self._denied = True, None, False
        gained()

    def _tell_leader(self, leader: str | None) -> None:
        if leader != self._leader:
            self._leader = leader
            _log.info("standing by, %s leads", leader)

    def _tell_lost(self, why: str) -> None:
        if self._leading:
            self._leading = False
            _log.warning("lost the Lease, no new work is begun: %s", why)

    def _tell_trouble(self, trouble: ClusterError) -> None:
        """Each trouble once; that somebody else was faster is none."""
        told = f"{type(trouble).__name__}: {trouble}"
        if not isinstance(trouble, Conflict) and told != self._trouble:
            self._trouble = told
            _log.warning("the Lease cannot be had: %s", told)
