"""The peer, an issuer for the same resources on issuer-lib.

By hand: python -m tests.bench.build
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.go_program import GoProgram

PEER = GoProgram(
    "peer",
    module=Path(__file__).parent / "peer",
    sources=("go.mod", "go.sum", "main.go"),
    package=".",
    takes="two to four minutes",
)
ensure = PEER.ensure

if __name__ == "__main__":
    PEER.main()
