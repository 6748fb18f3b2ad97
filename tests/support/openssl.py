"""`openssl verify`, as a client of another make that judges what was issued."""

from __future__ import annotations

import re
import subprocess
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from domain.model import Issued

_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def refusal(issued: Issued, at: datetime, *, trusted: bytes | None = None, partial: bool = False) -> str:
    """Why a client that trusts status.ca, or else `trusted`, accepts no such leaf; empty if it does.

    `partial` has it trust what is not self-signed.
    """
    leaf, *chain = _BLOCK.findall(issued.chain)
    with TemporaryDirectory() as place:
        files = {"ca": trusted or issued.ca or b"", "chain": b"".join(chain), "leaf": leaf}
        for name, content in files.items():
            Path(place, name).write_bytes(content)
        options = ["-no-CApath", "-no-CAstore", "-attime", f"{at.timestamp():.0f}", "-CAfile", "ca"]
        options += ["-untrusted", "chain"] if chain else []
        options += ["-partial_chain"] if partial else []
        command = ["openssl", "verify", *options, "leaf"]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr or done.stdout
