"""Which product files one signed request passes through, and how often the work goes from one file to another.

    python -m tests.tools.visited_files

The real controller runs on the adapters in memory with the signer CA. Every call of a function of ours counts, from
the moment when the approved CertificateRequest is created until its certificate is stored.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from domain.model import CERTIFICATE_REQUEST, Approval, Issuer, IssuerSpec, ObjectKey, Request
from entrypoints.container import in_memory, opened
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings
from tests.support import pki

ROOT = Path(__file__).parents[2]
PRODUCT = tuple(f"{ROOT / folder}/" for folder in ("domain", "adapters", "entrypoints"))
ISSUER = ObjectKey(NAMES.issuer, "team-a", "ca")
SECRET = ObjectKey("Secret", "team-a", "ca-key")
REQUEST = ObjectKey(CERTIFICATE_REQUEST, "team-a", "app")
PATIENCE = 20.0  # seconds


async def visited() -> list[str]:
    """The file of each call, in order, relative to the project."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PRODUCT):
            calls.append(str(Path(frame.f_code.co_filename).relative_to(ROOT)))

    cluster = MemoryCluster()
    ca = pki.authority("CA")
    cluster.put_secret(SECRET, {"tls.crt": ca.pem, "tls.key": ca.key_pem})
    cluster.create(Issuer(ISSUER, "", "", 1, IssuerSpec("https://unused", SECRET, "ca"), None))
    container = in_memory(Settings("system"), cluster, MemoryRecorder(SystemClock()))
    stop = asyncio.Event()
    async with opened(container) as manager:
        running = asyncio.create_task(manager.run(stop))
        await _until(lambda: getattr(cluster.stored(ISSUER), "is_ready", False))
        sys.setprofile(note)
        cluster.create(_request())
        await _until(lambda: getattr(cluster.stored(REQUEST), "has_certificate", False))
        sys.setprofile(None)
        stop.set()
        await running
    return calls


def _request() -> Request:
    now = SystemClock().now()
    return Request(REQUEST, "", "", ISSUER, pki.csr(), ("server auth",), approval=Approval.APPROVED, approved_at=now)


async def _until(holds: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - nothing tells when a status is stored in memory
            await asyncio.sleep(0.001)


def main() -> None:
    calls = [file for file in asyncio.run(visited()) if file != "adapters/memory/cluster.py"]
    switches = sum(before != after for before, after in pairwise(calls))
    for file, count in Counter(calls).most_common():
        print(f"{count:6} {file}")
    print(f"{len(set(calls))} files, {switches} switches from file to file, {len(calls)} calls")


if __name__ == "__main__":
    main()
