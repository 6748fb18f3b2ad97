"""est-ca on a loopback port: an EST server of rustls, axum and rcgen, with which this project shares no code.

What it does (0.2.0): a certificate holds the user's name as its common name, the CSR's key, client authentication and
seven days; all that the CSR asks for beyond its key is dropped. It reads base64 on one line alone, signs its own CA
certificate anew each time it starts, and tells those whom it refuses what they sent.
"""

from __future__ import annotations

import socket
from pathlib import Path

from tests.support import pki
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.remote.https import CLIENTS, server_certificate
from tests.support.remote.program import CAProgram

PASSWORD = "canary-a7c93e1f60"
"""Any user has it."""
CA = pki.authority("est-ca root")


class ESTCAServer(CAProgram):
    """Its password and its CA's key stay the same, too, when it starts again."""

    def __init__(self, program: Path, directory: Path, *, require_client: bool = False) -> None:
        [self.port] = free_ports(1)
        tls = server_certificate()
        files = {"server.crt": tls.pem, "server.key": tls.key_pem, "ca.crt": CA.pem, "ca.key": CA.key_pem}
        files |= {"clients.crt": CLIENTS.pem} if require_client else {}
        for name, content in (files | {"password": PASSWORD.encode()}).items():
            (directory / name).write_bytes(content)
        command: list[str | Path] = [program, f"127.0.0.1:{self.port}", directory]
        super().__init__(f"https://localhost:{self.port}", Process("est-ca", command, directory / "est-ca.log"))

    def _connect(self) -> None:
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
