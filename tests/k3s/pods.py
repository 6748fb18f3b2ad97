"""The controller's pods, as kubectl shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrypoints.issuer import NAMES, NAMESPACE
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until

DEPLOYMENT = f"deployment/{NAMES.controller}-controller-manager"
SELECTOR = f"--selector=app.kubernetes.io/name={NAMES.controller}"
METRICS_PORT = 8443
SECONDS = 60


@dataclass(frozen=True)
class Pods:
    """`metrics` is where those of the leader are to be had, as of a manager that runs as a process."""

    server: ApiServer
    directory: Path
    metrics: str = ""

    def kubectl(self, *arguments: str) -> str:
        return self.server.kubectl(*arguments, f"--namespace={NAMESPACE}")

    def all(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", "pods", SELECTOR, "--output=json"))["items"]
        return found

    def wait_until_ready(self) -> None:
        self.kubectl("rollout", "status", DEPLOYMENT, f"--timeout={SECONDS}s")

    def restarts(self) -> dict[str, int]:
        return {pod["metadata"]["name"]: _container(pod)["restartCount"] for pod in self.all()}

    def holder(self) -> str:
        """Who holds the Lease; empty while nobody does."""
        lease = "get", "lease", NAMES.controller, "--ignore-not-found", "--output=jsonpath={.spec.holderIdentity}"
        return self.kubectl(*lease)

    def leader(self) -> dict[str, Any]:
        """The pod that holds the Lease, as soon as one does."""

        def found() -> dict[str, Any] | None:
            holder = self.holder()
            return next((pod for pod in self.all() if holder.startswith(pod["metadata"]["name"])), None)

        leader = wait_until(found, SECONDS, "a pod holds the Lease")
        assert leader is not None
        return leader

    def logs(self) -> str:
        """What all of them have written, containers that ended before included."""
        names = [pod["metadata"]["name"] for pod in self.all()]
        ended = [name for name, count in self.restarts().items() if count]
        now = [self.kubectl("logs", name, "--tail=-1") for name in names]
        return "\n".join([*now, *(self.kubectl("logs", name, "--tail=-1", "--previous") for name in ended)])

    @contextmanager
    def forwarded(self) -> Iterator[str]:
        """An address of this machine that leads to the leader's metrics."""
        name = self.leader()["metadata"]["name"]
        own = f"--kubeconfig={self.server.kubeconfig}", f"--namespace={NAMESPACE}"
        command: list[str | Path] = [self.server.program, "port-forward", *own, f"pod/{name}", f":{METRICS_PORT}"]
        process = Process("port-forward", command, self.directory / "port-forward.log")
        process.start()
        try:
            yield wait_until(lambda: _address(process), SECONDS, "kubectl forwards a port")
        finally:
            process.stop()


def container_id(pod: dict[str, Any]) -> str:
    return str(_container(pod)["containerID"])


def _container(pod: dict[str, Any]) -> dict[str, Any]:
    """What the status says of the one container."""
    (only,) = pod["status"]["containerStatuses"]
    found: dict[str, Any] = only
    return found


def _address(process: Process) -> str:
    process.check()
    found = re.search(r"Forwarding from (127\.0\.0\.1:\d+)", process.log.read_text())
    return f"https://{found[1]}" if found else ""
