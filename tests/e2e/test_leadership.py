"""Two managers of which one works: who takes over when, and that nobody overwrites anything or asks the CA twice.

Real processes, a real API server and a real Lease; the CA is an EST server that counts. The times of the election
are short, to spare ours; nothing is asserted about how long anything takes, it is reported.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrypoints.issuer import NAMES, NAMESPACE
from tests.e2e.conftest import Manager, prepared
from tests.e2e.objects import Objects
from tests.support import pki
from tests.support.cluster.process import ProcessDied
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed
from tests.support.figures import Report
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est
from tests.support.remote.held import Held
from tests.support.remote.relay import Relay, in_background, relay_to

FLAGS = (
    "--leader-elect",
    "--leader-election-lease-duration=6s",
    "--leader-election-renew-deadline=4s",
    "--leader-election-retry-period=500ms",
)
DEFAULT_TIMES = ("--leader-elect",)
SECONDS = 60  # for whatever must happen at last


class Candidates:
    """Makes managers that take part; all are ended with the test."""

    def __init__(self, deployed: Deployed, directory: Path) -> None:
        self._deployed = deployed
        self._directory = directory
        self.made: list[Manager] = []

    def start(self, *flags: str, through: Relay | None = None) -> Manager:
        """One that is ready."""
        directory = self._directory / str(len(self.made))
        directory.mkdir()
        kubeconfig = self._deployed.manager
        if through:
            kubeconfig = directory / "kubeconfig"
            server = self._deployed.server.server_url
            kubeconfig.write_text(self._deployed.manager.read_text().replace(server, through.url))
        manager = prepared(kubeconfig, directory, *(flags or FLAGS))
        self.made.append(manager)
        manager.start()
        return manager

    def lease(self) -> dict[str, Any]:
        found = self._deployed.server.kubectl(
            "get", "lease", NAMES.controller, f"--namespace={NAMESPACE}", "--ignore-not-found", "--output=json"
        )
        spec: dict[str, Any] = json.loads(found)["spec"] if found else {}
        return spec

    def wait_for_leader(self, manager: Manager) -> None:
        name = identity(manager)
        wait_until(lambda: self.lease().get("holderIdentity") == name, SECONDS, f"{name} holds the Lease")

    def pair(self, *flags: str) -> tuple[Manager, Manager]:
        """A leader and a standby."""
        leader = self.start(*flags)
        self.wait_for_leader(leader)
        standby = self.start(*flags)
        says(standby, f"standing by, {identity(leader)} leads")
        return leader, standby


@pytest.fixture
def candidates(deployed: Deployed, manager: Manager, ca: ESTServer, tmp_path: Path) -> Iterator[Candidates]:
    """The manager of the other tests, which takes no part in elections, rests meanwhile. The CA outlives all."""
    manager.process.stop()
    deployed.server.kubectl("delete", "lease", NAMES.controller, f"--namespace={NAMESPACE}", "--ignore-not-found")
    candidates = Candidates(deployed, tmp_path)
    yield candidates
    for made in candidates.made:
        made.process.stop()
    manager.start()


@pytest.fixture
def ca(tmp_path: Path) -> Iterator[ESTServer]:
    with in_background(est(tmp_path)) as server:
        yield server


@pytest.fixture
def objects(deployed: Deployed, namespace: str, ca: ESTServer) -> Objects:
    """With an issuer `issuer` of that CA, which nobody has looked at yet."""
    objects = Objects(deployed.server, namespace)
    secret = objects.secret(username=USERNAME, password=PASSWORD, **{"ca.crt": https.ROOT.pem.decode()})
    objects.apply(secret, objects.issuer(url=ca.url, est={}))
    return objects


def identity(manager: Manager) -> str:
    """That of its last start."""
    found = re.findall(r"acquiring lease as (\S+)", manager.process.log.read_text())
    assert found, "a manager that takes part says who it is"
    return str(found[-1])


def says(manager: Manager, what: str) -> None:
    def said() -> bool:
        manager.process.check()
        return what in manager.process.log.read_text()

    wait_until(said, SECONDS, f"the log says {what!r}; {manager.process.tail()}")


def request(objects: Objects, name: str) -> None:
    objects.apply(objects.request(name, pki.csr(dns=[f"{name}.example.com"])))


def issued(objects: Objects, *names: str) -> dict[str, str]:
    """Waits until all are issued; returns their resource versions."""
    for name in names:
        wait_until(
            lambda name=name: objects.condition("certificaterequest", name).get("reason") == "Issued",  # type: ignore[misc]
            SECONDS,
            f"{name} is issued",
        )
    return {name: objects.get("certificaterequest", name)["metadata"]["resourceVersion"] for name in names}


def orders(ca: ESTServer) -> list[int]:
    """How often the CA was asked to sign each CSR."""
    seen = Counter(seen.body for seen in ca.http.seen if seen.path.endswith("/simpleenroll"))
    return sorted(seen.values())


def ends(manager: Manager, status: int) -> None:
    """Waits until it has ended of itself, with this status."""

    def ended() -> str | None:
        try:
            manager.process.check()
        except ProcessDied as end:
            return str(end)
        return None

    end = wait_until(ended, SECONDS, "the manager has ended")
    assert end is not None
    assert end.startswith(f"manager ended with {status}\n"), end


def has_lost_the_lead(manager: Manager) -> None:
    """Waits until it has ended with status 1; one line of its log says why, and there is no traceback."""
    ends(manager, 1)
    log = manager.process.log.read_text()
    assert log.count("lost the Lease, ending with exit status 1: ") == 1
    assert "Traceback" not in log


def test_a_standby_is_ready_and_takes_over_when_the_leader_is_stopped(
    candidates: Candidates, objects: Objects, ca: ESTServer, report: Report
) -> None:
    leader, standby = candidates.pair(*DEFAULT_TIMES)
    assert (leader.probe("/readyz"), standby.probe("/readyz")) == (200, 200)
    request(objects, "before")
    before = issued(objects, "before")
    stopped = time.monotonic()
    os.kill(leader.process.pid, signal.SIGTERM)
    candidates.wait_for_leader(standby)
    report("from SIGTERM of the leader to the standby's lead, with default times", time.monotonic() - stopped)
    ends(leader, 0)
    assert "released the Lease" in leader.process.tail()
    request(objects, "after")
    issued(objects, "after")
    assert issued(objects, "before") == before
    assert orders(ca) == [1, 1]
    assert candidates.lease()["leaseTransitions"] == 1


def test_a_standby_takes_over_when_the_leader_is_killed(
    candidates: Candidates, objects: Objects, ca: ESTServer, report: Report
) -> None:
    leader, standby = candidates.pair(*DEFAULT_TIMES)
    request(objects, "before")
    before = issued(objects, "before")
    killed = time.monotonic()
    os.kill(leader.process.pid, signal.SIGKILL)
    request(objects, "after")
    candidates.wait_for_leader(standby)
    report("from SIGKILL of the leader to the standby's lead, with default times", time.monotonic() - killed)
    issued(objects, "after")
    report("from SIGKILL of the leader to a signed request, with default times", time.monotonic() - killed)
    assert issued(objects, "before") == before
    assert orders(ca) == [1, 1]


def test_a_leader_that_was_paused_overwrites_nothing_asks_for_nothing_and_ends(
    candidates: Candidates, objects: Objects, ca: ESTServer
) -> None:
    leader, standby = candidates.pair()
    request(objects, "before")
    issued(objects, "before")
    os.kill(leader.process.pid, signal.SIGSTOP)
    request(objects, "meanwhile")
    candidates.wait_for_leader(standby)
    written = issued(objects, "before", "meanwhile")
    os.kill(leader.process.pid, signal.SIGCONT)
    has_lost_the_lead(leader)
    request(objects, "after")
    issued(objects, "after")
    assert issued(objects, "before", "meanwhile") == written
    assert orders(ca) == [1, 1, 1]


def test_an_answer_to_a_paused_leader_does_not_overwrite_anothers(
    candidates: Candidates, objects: Objects, ca: ESTServer
) -> None:
    """The one case in which a CA is asked twice: it has answered, and the answer was not written."""
    leader, standby = candidates.pair()
    request(objects, "before")
    issued(objects, "before")
    held = Held(ca)
    ca.next.append(held.answer)
    request(objects, "held")
    wait_until(lambda: orders(ca) == [1, 1], SECONDS, "the CA is asked")
    os.kill(leader.process.pid, signal.SIGSTOP)
    candidates.wait_for_leader(standby)
    written = issued(objects, "before", "held")
    held.release()  # into the socket of a process that stands still
    os.kill(leader.process.pid, signal.SIGCONT)
    has_lost_the_lead(leader)
    request(objects, "after")
    issued(objects, "after")
    assert issued(objects, "before", "held") == written
    assert orders(ca) == [1, 1, 2]


def test_a_leader_cut_off_from_the_api_server_ends_and_its_next_process_stands_by(
    candidates: Candidates, deployed: Deployed, objects: Objects, ca: ESTServer
) -> None:
    with in_background(relay_to(deployed.server.server_url)) as relay:
        leader = candidates.start(through=relay)
        candidates.wait_for_leader(leader)
        standby = candidates.start()
        says(standby, f"standing by, {identity(leader)} leads")
        request(objects, "before")
        issued(objects, "before")
        relay.block()
        has_lost_the_lead(leader)
        assert "it could not be renewed for 4s" in leader.process.tail()
        request(objects, "meanwhile")
        candidates.wait_for_leader(standby)
        written = issued(objects, "before", "meanwhile")
        relay.open()
        leader.start()  # as its pod does
        says(leader, f"standing by, {identity(standby)} leads")
        os.kill(standby.process.pid, signal.SIGTERM)
        candidates.wait_for_leader(leader)
        request(objects, "after")
        issued(objects, "after")
        assert issued(objects, "before", "meanwhile") == written
        assert orders(ca) == [1, 1, 1]
        ends(standby, 0)
        leader.process.stop()
