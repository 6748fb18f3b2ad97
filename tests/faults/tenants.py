"""A victim beside an attacker: what another tenant waits for a certificate, alone and under attack, and what it costs.

Times are what somebody sees who watches the API server; the memory is what the kernel says of the manager's process.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.e2e.conftest import prepared
from tests.faults.attacks import TRUST, Attack, Tenant
from tests.support import pki
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.support.remote.dns import NameServer
from tests.support.remote.est import est
from tests.tools.bench.client import REQUESTS, connected
from tests.tools.bench.figures import percentile
from tests.tools.bench.subjects import peak_mib

REQUESTS_EACH = 30  # of the victim, alone and under attack
SECONDS = 60.0  # for these, and for the attack to begin; far more than they take
_numbers = count(1)
_PRIVATE_MOUNTS = [shutil.which("unshare") or "unshare", "--map-root-user", "--mount"]


@dataclass
class Phase:
    """Seconds: `first` from a new issuer's creation to its first certificate, then each from approval to Ready.

    They end early where the time is up.
    """

    first: float = math.inf
    took: list[float] = field(default_factory=list)

    def p(self, share: float) -> float:
        """A percentile of them all; infinite where not all were signed."""
        return percentile(self.took, share) if len(self.took) == REQUESTS_EACH else math.inf

    @property
    def whole(self) -> float:
        return self.first + sum(self.took)

    def __str__(self) -> str:
        if not self.took:
            return "none signed"
        few = "" if len(self.took) == REQUESTS_EACH else f", {len(self.took)} of {REQUESTS_EACH} signed"
        p50, p99 = (1000 * percentile(self.took, share) for share in (0.5, 0.99))
        return f"{p50:,.0f}/{p99:,.0f} ms{few}"


@dataclass(frozen=True)
class Outcome:
    """`before` and `after`: how much of the attack stood when the victim's requests under attack began and ended."""

    alone: Phase
    attacked: Phase
    before: int
    after: int
    peak: float
    log: str

    @property
    def ratio(self) -> float:
        """Of the medians."""
        return self.attacked.p(0.5) / self.alone.p(0.5)

    @property
    def whole(self) -> float:
        """The ratio of the times for all of them, the new issuer included."""
        return self.attacked.whole / self.alone.whole

    def __str__(self) -> str:
        first = f"{self.alone.first:.1f} s alone, {self.attacked.first:.1f} s attacked"
        return (
            f"p50/p99 alone {self.alone}, attacked {self.attacked}, ratio {self.ratio:.1f}; "
            f"first of a new issuer {first}; peak {self.peak:.0f} MiB; attack {self.before} to {self.after}"
        )


def why_no_private_mounts() -> str | None:
    """Why the manager cannot have an /etc/resolv.conf of its own here, or None where it can."""
    try:
        done = subprocess.run([*_PRIVATE_MOUNTS, "true"], capture_output=True, text=True)
    except FileNotFoundError:
        return "no `unshare`, as on Linux, to give the manager a resolv.conf of its own"
    return f"no mount namespace for a resolv.conf of the manager's own: {done.stderr}" if done.returncode else None


async def measure(attack: Attack, number: int, deployed: Deployed, directory: Path) -> Outcome:
    """Raises ProcessDied where the manager ends, TimeoutError where the attack does not begin."""
    client = connected(deployed.server.kubeconfig)
    async with client.http, _name_server() as names, est(directory) as ca:
        run = next(_numbers)
        victim, attacker = (Tenant(client, f"{who}-{run}", directory, names) for who in ("victim", "attacker"))
        for tenant in (victim, attacker):
            await client.create("/api/v1/namespaces", {"metadata": {"name": tenant.namespace}})
        before = _with_resolv_conf(directory, names.port) if attack.dns else ()
        process = prepared(deployed.manager, directory, before=before).process
        try:
            return await _both(attack, number, victim, attacker, ca.url, process)
        finally:
            await asyncio.to_thread(process.stop)
            for tenant in (victim, attacker):
                await tenant.clear()


async def _both(attack: Attack, number: int, victim: Tenant, attacker: Tenant, url: str, process: Process) -> Outcome:
    await victim.secret("credentials", **TRUST)
    process.start()
    alone = await _phase(victim, "alone", url, process)
    if attack.before:
        await asyncio.to_thread(process.stop)
    async with attack.begin(attacker, number) as stands:
        if attack.before:
            process.start()
        before = await asyncio.to_thread(wait_until, stands, SECONDS, "the attack stands")
        attacked = await _phase(victim, "attacked", url, process)
        return Outcome(alone, attacked, before, stands(), peak_mib(process.pid), process.tail())


async def _phase(victim: Tenant, name: str, url: str, process: Process) -> Phase:
    phase = Phase()
    path = REQUESTS.format(victim.namespace)
    version = await victim.client.version(path)
    begun = time.monotonic()
    with suppress(TimeoutError):
        async with asyncio.timeout(SECONDS), aclosing(victim.client.became_ready(path, version)) as told:
            await victim.issuer(name, url)
            for each in range(REQUESTS_EACH + 1):
                request = f"{name}-{each}"
                created = await victim.request(request, name, pki.csr(dns=[f"{request}.example.com"]))
                approved = await victim.client.approve(victim.namespace, request, created)
                when = await _ready(told, request)
                if each:
                    phase.took.append(when - approved)
                else:
                    phase.first = when - begun
    process.check()
    return phase


async def _ready(told: AsyncIterator[tuple[str, float]], name: str) -> float:
    """When it was told as Ready."""
    async for ready, when in told:
        if ready == name:
            return when
    raise TimeoutError("the API server ended the watch")


@asynccontextmanager
async def _name_server() -> AsyncIterator[NameServer]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(NameServer, local_addr=("127.0.0.1", 0))
    try:
        yield server
    finally:
        transport.close()


def _with_resolv_conf(directory: Path, port: int) -> Sequence[str | Path]:
    """What a command must follow to ask this name server: the same process, with a mount that nobody else sees."""
    file = directory / "resolv.conf"
    file.write_text(f"nameserver [127.0.0.1]:{port}\n")  # c-ares takes a port
    return [*_PRIVATE_MOUNTS, "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', file]
