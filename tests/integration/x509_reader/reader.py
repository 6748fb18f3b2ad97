"""The Go program, as a process that answers questions."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any


class GoReader:
    """Reads with Go's crypto/x509 and cert-manager's pki package, until it is closed."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def request(self, pem: bytes) -> dict[str, Any]:
        """The reading of a certificate signing request; `error` says why there is none."""
        return self._ask("csr", pem)

    def certificate_error(self, der: bytes) -> str:
        """Why Go cannot read a certificate; empty where it can."""
        return str(self._ask("certificate", der)["error"])

    def close(self) -> None:
        self._process.communicate()

    def _ask(self, kind: str, data: bytes) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{kind} ".encode() + base64.b64encode(data) + b"\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer
