"""A copy of the project, changed as somebody would change it, and commands run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
INSTALLED = "installed"
"""A folder of the copy for modules that a person would have installed."""


def copy_to(directory: Path) -> None:
    """The project's files as git has them, with the changes of the working tree."""
    names = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, directory / name, follow_symlinks=False)


def run(copy: Path, *command: str) -> str:
    environment = os.environ | {
        "HYPOTHESIS_PROFILE": "quick",
        "PYTHONPATH": os.pathsep.join([str(copy), str(copy / INSTALLED)]),
    }
    done = subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-5000:]}{done.stderr[-5000:]}"
    return done.stdout
