"""A real `cfssl serve` on a loopback port, with a CA made for it and authenticated signing.

Profiles: `server` and `client` for those usages, `authority` for CA certificates. CFSSL takes the default profile for a
name that it does not know. The default profile has a key that nobody uses: so a misspelt name is refused.
"""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from pathlib import Path

from tests.support import pki
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.process import Process
from tests.support.remote.program import CAProgram

ROOT = pki.authority("CFSSL root", lasts=timedelta(days=3650))
AUTH_KEY = "0c8d5e7f21a94b36d2f0e1c5b7a89364"
LASTS = timedelta(days=30)
_SHARED = {"expiry": f"{LASTS // timedelta(hours=1)}h", "auth_key": "issuer"}
_CONFIG = {
    "auth_keys": {
        "issuer": {"type": "standard", "key": AUTH_KEY},
        "nobody": {"type": "standard", "key": "ff" * 16},
    },
    "signing": {
        "default": {"usages": ["digital signature"], "expiry": "1h", "auth_key": "nobody"},
        "profiles": {
            "server": _SHARED | {"usages": ["digital signature", "key encipherment", "server auth"]},
            "client": _SHARED | {"usages": ["digital signature", "client auth"]},
            "authority": _SHARED | {"usages": ["cert sign", "crl sign"], "ca_constraint": {"is_ca": True}},
        },
    },
}


class CFSSLServer(CAProgram):
    def __init__(self, program: Path, directory: Path, ca: pki.Authority = ROOT) -> None:
        [port] = free_ports(1)
        (directory / "ca.pem").write_bytes(ca.pem)
        (directory / "ca-key.pem").write_bytes(ca.key_pem)
        (directory / "config.json").write_text(json.dumps(_CONFIG))
        files = {"ca": "ca.pem", "ca-key": "ca-key.pem", "config": "config.json"}
        flags = [f"-{flag}={directory / file}" for flag, file in files.items()]
        command: list[str | Path] = [program, "serve", "-address=127.0.0.1", f"-port={port}", *flags]
        self._address = "127.0.0.1", port
        super().__init__(f"http://127.0.0.1:{port}", Process("cfssl", command, directory / "cfssl.log"))

    def _connect(self) -> None:
        socket.create_connection(self._address, timeout=5).close()
