"""A control plane of this machine: etcd, kube-apiserver and kube-controller-manager as local processes.

Real TLS, RBAC, admission and watches on loopback ports, in a directory of its own; no kubelet, so no pod ever runs.
etcd is ended last: an API server that loses etcd while it stops never ends by itself.
"""

import random
import shutil
import socket
import ssl
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.cluster import flags
from tests.support.cluster.pki import Authority, write_key, write_kubeconfig
from tests.support.cluster.process import Process, ProcessDied
from tests.support.cluster.waiting import wait_until

START_SECONDS = 90
# Below the range from which Linux, macOS and the IANA take ports for outgoing connections: a stopped process finds
# its port free again when it is restarted.
PORTS = range(20000, 32768)


class StartFailed(Exception):
    """The control plane did not come up; the message holds the ends of its logs."""


class ControlPlane:
    """Runs the programs found in `programs`, kube-controller-manager only if it is there (envtest has none).

    `processes` holds each by the name of its program, in the order of starting; each may be stopped and started again.
    """

    def __init__(self, programs: Path, directory: Path) -> None:
        self.directory = directory
        self.kubeconfig = directory / "admin.kubeconfig"
        etcd, etcd_peer, api, controllers = free_ports(4)
        self.url = f"https://127.0.0.1:{api}"
        command_lines = {
            "etcd": flags.etcd(directory, etcd, etcd_peer),
            "kube-apiserver": flags.kube_apiserver(directory, api, self.url, etcd),
            "kube-controller-manager": flags.kube_controller_manager(directory, controllers),
        }
        self.processes = {
            name: Process(name, [programs / name, *command_lines[name]], directory / f"{name}.log")
            for name in command_lines
            if (programs / name).exists()
        }

    def start(self) -> None:
        """Returns when the API server is ready and the controllers work. Raises StartFailed, with nothing left."""
        try:
            self._write_credentials()
            self._start()
        except TimeoutError as error:
            tails = [process.tail() for process in self.processes.values()]
            self.stop()
            raise StartFailed("\n".join([str(error), *tails])) from None
        except ProcessDied as error:
            self.stop()
            raise StartFailed(str(error)) from None
        except BaseException:  # Ctrl-C
            self.stop()
            raise

    def stop(self) -> None:
        """Ends what was started last first; the logs stay, the data goes."""
        for process in reversed(self.processes.values()):
            process.stop()
        shutil.rmtree(self.directory / "etcd", ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        self.processes["etcd"].start()
        self.processes["kube-apiserver"].start()
        wait_until(lambda: self._answers("/readyz"), START_SECONDS, "kube-apiserver is ready")
        if "kube-controller-manager" in self.processes:
            self.processes["kube-controller-manager"].start()
            made_by_it = "/api/v1/namespaces/default/serviceaccounts/default"
            wait_until(lambda: self._answers(made_by_it), START_SECONDS, "kube-controller-manager works")

    def _answers(self, path: str) -> bool:
        for process in self.processes.values():
            process.check()
        context = ssl.create_default_context(cafile=self.directory / "ca.crt")
        context.load_cert_chain(self.directory / "admin.crt", self.directory / "admin.key")
        no_proxy, https = urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        try:
            with urllib.request.build_opener(no_proxy, https).open(self.url + path, timeout=5):
                return True
        except OSError:  # nobody listens yet; and URLError and HTTPError, which are OSErrors
            return False

    def _write_credentials(self) -> None:
        authority = Authority(self.directory)
        authority.issue_server("server")
        authority.issue_client("admin", "admin", "system:masters")
        authority.issue_client("kube-controller-manager", "system:kube-controller-manager")
        write_key(self.directory / "service-accounts.key")
        cluster = {"server": self.url, "certificate-authority": str(authority.certificate)}
        for name in ("admin", "kube-controller-manager"):
            client = {
                "client-certificate": str(self.directory / f"{name}.crt"),
                "client-key": str(self.directory / f"{name}.key"),
            }
            write_kubeconfig(self.directory / f"{name}.kubeconfig", cluster, client)


def free_ports(count: int) -> list[int]:
    free = (port for port in random.sample(PORTS, len(PORTS)) if _is_free(port))
    return [next(free) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
