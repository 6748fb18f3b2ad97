"""Raises the exact pins in pyproject.toml, in two steps around `make lock`, for the workflow pins.

- `python -m tests.tools.pins free` makes each `==` a `>=`, and prints the ARGS with which `make lock` raises them.
- `python -m tests.tools.pins fix` makes each of them `==` again, with the version in deploy/requirements.lock.

The standard library is enough for it, so that it needs no environment.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PIN = re.compile(r'^( +"(?P<package>[a-z0-9-]+))(?P<how>==|>=)(?P<version>[0-9.]+)(?=",$)', re.MULTILINE)
"""A line of its own with one package and one version: bounds have two, `>=4,<5`."""


def free(project: str) -> tuple[str, list[str]]:
    """The text without exact pins, and which packages had one."""
    packages = [pin["package"] for pin in PIN.finditer(project) if pin["how"] == "=="]
    return PIN.sub(r"\1>=\g<version>", project), packages


def fix(project: str, lock: str) -> str:
    """The text with the lock's versions. Raises ValueError if the lock lacks a package."""

    def pinned(pin: re.Match[str]) -> str:
        found = re.search(rf"^{re.escape(pin['package'])}==(\S+)", lock, re.MULTILINE)
        if not found:
            raise ValueError(f"{pin['package']} is not in the lock: run make lock")
        return f"{pin[1]}=={found[1]}"

    return PIN.sub(pinned, project)


def main(step: str, root: Path) -> None:
    file = root / "pyproject.toml"
    project = file.read_text()
    if step == "free":
        project, packages = free(project)
        print(" ".join(f"--upgrade-package {package}" for package in packages))
    else:
        project = fix(project, (root / "deploy" / "requirements.lock").read_text())
    file.write_text(project)


if __name__ == "__main__":
    if sys.argv[1:] not in (["free"], ["fix"]):
        sys.exit("tests.tools.pins: say free or fix")
    main(sys.argv[1], ROOT)
