"""The loop of the leader election: reads and writes the Lease, and raises LeadLost when the lead is lost.

Callers ask `is_leader` before each step that needs the lead, since no timer fires while the process is paused. A
process leads once: as programs with client-go do, it ends when it has lost the Lease, and its pod is started anew.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta

from domain import durations
from domain.controller.leader_election import LeaderElectionState
from domain.errors import ClusterError, Conflict, LeadLost
from domain.ports import Clock, LeaderElection, Lease

_log = logging.getLogger("issuer.leader")


class NoLeaderElection(LeaderElection):
    """This process is always the leader: there is no other one."""

    def is_leader(self) -> bool:
        return True

    async def started_leading(self) -> None:
        return

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def release(self) -> None:
        return


class LeaderElector(LeaderElection):
    def __init__(self, lease: Lease, state: LeaderElectionState, clock: Clock) -> None:
        self._lease = lease
        self._state = state
        self._clock = clock
        self._times = state.times
        self._started_leading = asyncio.Event()
        self._leader: str | None = None  # the other one that the log named last
        self._trouble = ""

    def is_leader(self) -> bool:
        return self._state.is_leader(self._clock.uptime())

    async def started_leading(self) -> None:
        await self._started_leading.wait()

    async def run(self) -> None:
        _log.info("acquiring lease as %s", self._state.identity)
        await self._stand_by()
        _log.info("became leader")
        self._started_leading.set()
        await self._keep()
        why = f"it could not be renewed for {durations.text(self._times.renew_deadline)}"
        if self._state.holder != self._state.identity:
            why = f"{self._state.holder or 'nobody'} holds it"
        _log.error("lost the Lease, ending with exit status 1: %s", why)
        await asyncio.sleep(self._state.work_left(self._clock.uptime()).total_seconds())
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
            await self._try_acquire_or_renew()
            if self.is_leader():
                return
            self._log_leader(self._state.holder)
            await self._wait_for_next(begun)

    async def _keep(self) -> None:
        """Renews the lead; returns when it has ended, even if a call of the Lease hangs."""
        begun = self._clock.uptime()
        while self.is_leader():
            left = self._state.left(self._clock.uptime())
            with suppress(TimeoutError):
                async with asyncio.timeout(left.total_seconds()):
                    await self._wait_for_next(begun)
                    begun = self._clock.uptime()
                    await self._try_acquire_or_renew()

    async def _wait_for_next(self, begun: timedelta) -> None:
        """Waits until the next attempt is due; the last one began at `begun`."""
        now = self._clock.uptime()
        await asyncio.sleep((begun + self._state.next_look(now) - now).total_seconds())

    async def _try_acquire_or_renew(self) -> None:
        """Reads the record, and writes it where it is ours or free; what goes wrong is logged."""
        try:
            await self._read_and_write()
        except ClusterError as trouble:
            self._log_trouble(trouble)
        else:
            self._trouble = ""

    async def _read_and_write(self) -> None:
        found = await self._lease.read()
        begun = self._clock.uptime()
        self._state.observe(found, begun)
        if self._started_leading.is_set() and not self.is_leader():
            return
        wanted = self._state.wanted(begun, self._clock.now())
        if wanted is not None:
            self._state.took(await self._lease.write(wanted), begun)

    async def _release(self) -> None:
        while (released := self._state.released(self._clock.now())) is not None:
            try:
                await self._lease.write(released)
            except Conflict:  # the Lease was changed by hand, or by a last renewal whose answer was not awaited
                self._state.observe(await self._lease.read(), self._clock.uptime())
            else:
                _log.info("released the Lease")
                return

    def _log_leader(self, leader: str | None) -> None:
        if leader and leader not in (self._leader, self._state.identity):
            self._leader = leader
            _log.info("standing by, %s leads", leader)

    def _log_trouble(self, trouble: ClusterError) -> None:
        """Logs each trouble once. A Conflict is none: another process was faster."""
        text = f"{type(trouble).__name__}: {trouble}"
        if not isinstance(trouble, Conflict) and text != self._trouble:
            self._trouble = text
            _log.warning("the Lease cannot be had: %s", text)
