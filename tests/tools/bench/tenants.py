"""The attacks of tests/faults/attacks.py at twice the size that once stopped the others: what another tenant notices.

Each has an API server of its own, for etcd keeps what was deleted, and refuses to grow beyond 2 GiB.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.faults.attacks import ATTACKS
from tests.faults.tenants import Outcome, Phase, measure, why_no_private_mounts
from tests.support.cluster.providers import Provider
from tests.support.deployed import install

FACTOR = 2
HEADER = """| attack | p50, p99 alone | under attack | ratio of p50, p99 | first of a new issuer | peak memory |
|---|---|---|---|---|---|"""


def run(choice: Provider, directory: Path, only: str, say: Callable[[str], None]) -> str:
    """The table, in Markdown. Raises ProcessDied where the manager ends."""
    lines = [HEADER]
    for attack in ATTACKS:
        title = f"{FACTOR * attack.number} {attack.title}"
        if only not in attack.title:
            continue
        if attack.dns and (reason := why_no_private_mounts()):
            say(f"{title}: not run: {reason}")
            continue
        say(f"{title}: begins")
        plane, folder = directory / f"{attack.name}-plane", directory / attack.name
        for each in (plane, folder):
            each.mkdir()
        with choice.start(plane) as server:
            found = asyncio.run(measure(attack, FACTOR * attack.number, install(server), folder))
        say(str(found))
        lines.append(_line(title, found))
    return "\n".join(lines)


def _line(title: str, found: Outcome) -> str:
    ratios = ", ".join(f"{found.attacked.p(share) / found.alone.p(share):.1f}" for share in (0.5, 0.99))
    first = f"{found.attacked.first:.1f} s"
    return f"| {title} | {_told(found.alone)} | {_told(found.attacked)} | {ratios} | {first} | {found.peak:.0f} MiB |"


def _told(phase: Phase) -> str:
    return ", ".join(f"{1000 * phase.p(share):,.0f} ms" for share in (0.5, 0.99))
