"""A copy of the project, and programs that run in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def copied(directory: Path) -> Path:
    """The project's files as git has them, with the changes of the working tree."""
    names = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\0")
    for name in filter(None, names):
        source, target = ROOT / name, directory / name
        if source.is_file() or (source.is_symlink() and not name.startswith(".venv")):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target, follow_symlinks=False)
    return directory


def run(copy: Path, *command: str) -> None:
    """Python with these arguments; fails with what it said."""
    environment = os.environ | {"HYPOTHESIS_PROFILE": "quick", "PYTHONPATH": str(copy)}
    done = subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-5000:]}{done.stderr[-5000:]}"
