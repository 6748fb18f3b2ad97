"""Helm itself. `program/` holds no code, only which version of which module (go.mod) with which content (go.sum).

By hand: python -m tests.deploy.helm
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.go_program import GoProgram

HELM = GoProgram(
    "helm",
    module=Path(__file__).parent / "program",
    sources=("go.mod", "go.sum"),
    package="helm.sh/helm/v3/cmd/helm",
    takes="about two minutes",
)
ensure = HELM.ensure

if __name__ == "__main__":
    HELM.main()
