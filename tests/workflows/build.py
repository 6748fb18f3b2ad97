"""actionlint itself. `program/` holds no code, only which version of which module (go.mod) with which content (go.sum).

By hand: python -m tests.workflows.build
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.go_program import GoProgram

ACTIONLINT = GoProgram(
    "actionlint",
    module=Path(__file__).parent / "program",
    sources=("go.mod", "go.sum"),
    package="github.com/rhysd/actionlint/cmd/actionlint",
    takes="about twenty seconds",
)
ensure = ACTIONLINT.ensure

if __name__ == "__main__":
    ACTIONLINT.main()
