"""step-ca itself. `program/` holds no code, only which version of which module (go.mod) with which content (go.sum).

By hand: python -m tests.step_ca.build
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.go_program import GoProgram

STEP_CA = GoProgram(
    "step-ca",
    module=Path(__file__).parent / "program",
    sources=("go.mod", "go.sum"),
    package="github.com/smallstep/certificates/cmd/step-ca",
    takes="about three minutes",
)
ensure = STEP_CA.ensure

if __name__ == "__main__":
    STEP_CA.main()
