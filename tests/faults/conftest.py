"""One manager between a CA that counts and a control plane that a test may stop, kill and freeze.

Manager → relay (connections) → proxy (HTTP) → API server, all but the proxy real. The control plane is this
folder's own, with cert-manager's webhook. No other controller works in it: requests are approved by the test.
"""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from entrypoints.issuer import NAMES
from tests.e2e.conftest import Manager, prepared
from tests.e2e.objects import Objects
from tests.faults.load import SECONDS, Figures, Load
from tests.faults.proxy import Proxy, proxy_to
from tests.support.cluster import webhook
from tests.support.cluster.api_server import KubectlFailed
from tests.support.cluster.cert_manager import prepare
from tests.support.cluster.fixtures import required, started_api_server
from tests.support.cluster.pki import write_kubeconfig
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until
from tests.support.deployed import Deployed, install
from tests.support.figures import Tell
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.est import ESTServer, est
from tests.support.remote.relay import Relay, in_background, relay_to

PAGE = 3  # objects, so that a list has several pages
_numbers = count(1)


@dataclass(frozen=True)
class Stage:
    """The manager runs, its issuer is Ready and `load` is empty. `webhook` is cert-manager's; None: it does not run."""

    deployed: Deployed
    webhook: Process | None
    manager: Manager
    relay: Relay
    proxy: Proxy
    ca: ESTServer
    load: Load
    tell: Tell

    def plane(self, name: str) -> Process:
        """A process of the control plane, for tests that stop it."""
        return required(self.deployed.server.processes.get(name), name)

    def says(self, what: str, times: int = 1) -> None:
        """Waits until the manager's log says so."""
        log = self.manager.process.log
        told = f"the log says {what!r}"
        wait_until(lambda: log.read_text().count(what) >= times, SECONDS, told)

    def converged(self, what: str, since: float) -> Figures:
        """All requests are issued, also two that come now; nothing is overwritten, the CA asked nothing twice."""
        self.load.put(2)
        figures = self.load.converge(since)
        self.tell(what, str(figures))
        counted = figures.lost, figures.overwritten, figures.asked_twice
        assert counted == (0, 0, 0), f"{figures}\n{self.manager.process.tail()}"
        return figures

    def serves(self) -> None:
        """Waits until the API server is ready again."""
        wait_until(self._is_ready, SECONDS, "the API server is ready")

    def frozen(self) -> None:
        """Freezes the API server until the manager, whose connections are cut, has asked it for something again."""
        api = self.plane("kube-apiserver")
        os.kill(api.pid, signal.SIGSTOP)
        try:
            self.relay.cut()
            asked = len(self.proxy.http.seen)
            wait_until(lambda: len(self.proxy.http.seen) > asked + 5, SECONDS, "the frozen API server is asked")
        finally:
            os.kill(api.pid, signal.SIGCONT)

    def _is_ready(self) -> bool:
        try:
            return self.deployed.server.kubectl("get", "--raw=/readyz", "--request-timeout=5s") == "ok"
        except KubectlFailed:
            return False

    def kill(self) -> None:
        """SIGKILL for the manager."""
        os.kill(self.manager.process.pid, signal.SIGKILL)
        self.manager.process.stop()
        self.load.killed()

    def exit_code(self) -> int:
        """Waits until the manager has ended of itself."""

        def ended() -> str | None:
            try:
                self.manager.process.check()
            except ProcessDied as end:
                return str(end)
            return None

        end = wait_until(ended, SECONDS, "the manager has ended")
        assert end is not None
        self.manager.process.stop()
        return int(end.splitlines()[0].rpartition(" ")[2])


@pytest.fixture(scope="package")
def own_plane(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with started_api_server(pytestconfig, tmp_path_factory.mktemp("faults")) as server:
        yield install(server)


@pytest.fixture(scope="package")
def own_webhook(own_plane: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process | None]:
    if own_plane.server.host is None:
        yield None
        return
    prepare(own_plane.server)
    with webhook.running(own_plane.server, own_plane.server.host, tmp_path_factory.mktemp("webhook")) as process:
        yield process


@pytest.fixture
def stage(own_plane: Deployed, own_webhook: Process | None, tmp_path: Path, tell: Tell) -> Iterator[Stage]:
    objects = Objects(own_plane.server, f"faults-{next(_numbers)}")
    objects.server.kubectl("create", "namespace", objects.namespace)
    config = json.loads(own_plane.manager.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    files = {name: tmp_path / name for name in ("ca", "proxy", "manager")}
    for directory in files.values():
        directory.mkdir()
    with (
        in_background(est(files["ca"])) as ca,
        in_background(proxy_to(cluster["server"], _authority(cluster), files["proxy"], PAGE)) as proxy,
        in_background(relay_to(proxy.http.url)) as relay,
    ):
        (tmp_path / "root.crt").write_bytes(https.ROOT.pem)
        kubeconfig = tmp_path / "kubeconfig"
        write_kubeconfig(kubeconfig, {"server": relay.url, "certificate-authority": str(tmp_path / "root.crt")}, user)
        secret = objects.secret(username=USERNAME, password=PASSWORD, **{"ca.crt": https.ROOT.pem.decode()})
        objects.apply(secret, objects.issuer(url=ca.url, est={}))
        manager = prepared(kubeconfig, files["manager"])
        try:
            manager.start()
            objects.wait_for_reason(NAMES.issuer, "issuer", "Checked")
            yield Stage(own_plane, own_webhook, manager, relay, proxy, ca, Load(objects, ca, proxy), tell)
        finally:
            manager.process.stop()
    objects.server.kubectl("delete", "namespace", objects.namespace, "--wait=false")


def _authority(cluster: dict[str, str]) -> str:
    """The certificate that the API server's leads to, in PEM."""
    if "certificate-authority-data" in cluster:
        return base64.b64decode(cluster["certificate-authority-data"]).decode()
    return Path(cluster["certificate-authority"]).read_text()
