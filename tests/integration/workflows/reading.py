"""Reads what .github/ holds, as plain YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).parents[3]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
DEPENDABOT = ROOT / ".github" / "dependabot.yml"

Document: TypeAlias = dict[str, Any]


def read(file: Path) -> Document:
    found: Document = yaml.safe_load(file.read_text())
    return found


def jobs(file: Path) -> dict[str, Document]:
    found: dict[str, Document] = read(file)["jobs"]
    return found
