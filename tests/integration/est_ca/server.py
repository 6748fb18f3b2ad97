"""est-ca on a loopback port: an EST server of rustls, axum and rcgen, with which this project shares no code.

What it does (0.2.0): a certificate holds the user's name as its common name, the CSR's key, client authentication and
seven days; all that the CSR asks for beyond its key is dropped. It reads base64 on one line alone, signs its own CA
certificate anew each time it starts, and tells those whom it refuses what they sent.
"""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

from tests.support import pki
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.cluster.waiting import wait_until
from tests.support.remote.https import CLIENTS, server_certificate

START_SECONDS = 30
PASSWORD = "canary-a7c93e1f60"
"""Any user has it."""
CA = pki.authority("est-ca root")


class ESTCAServer:
    """`start()` may follow `stop()`: port, password and the CA's key stay the same. Nothing outlives the test run."""

    def __init__(self, program: Path, directory: Path, *, require_client: bool = False) -> None:
        [port] = free_ports(1)
        self.url = f"https://localhost:{port}"
        tls = server_certificate()
        files = {"server.crt": tls.pem, "server.key": tls.key_pem, "ca.crt": CA.pem, "ca.key": CA.key_pem}
        files |= {"clients.crt": CLIENTS.pem} if require_client else {}
        for name, content in (files | {"password": PASSWORD.encode()}).items():
            (directory / name).write_bytes(content)
        self.process = Process("est-ca", [program, f"127.0.0.1:{port}", directory], directory / "est-ca.log")

    def start(self) -> None:
        """Returns when it listens. Raises ProcessDied, TimeoutError."""
        self.process.start()
        wait_until(self._listens, START_SECONDS, "est-ca listens")

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL: it has no time to say goodbye."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.stop()

    def _listens(self) -> bool:
        self.process.check()
        try:
            socket.create_connection(("127.0.0.1", urlsplit(self.url).port or 0), timeout=5).close()
            return True
        except OSError:
            return False
