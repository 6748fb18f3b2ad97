"""Runs Python in a copy of the project that a test has changed as somebody would change it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

INSTALLED = "installed"
"""A folder of the copy for modules that a person would have installed."""


def run(copy: Path, *command: str, **variables: str) -> str:
    """What Python prints; fails the test with the end of it where it ends with an error."""
    environment = (
        os.environ
        | variables
        | {
            "HYPOTHESIS_PROFILE": "quick",
            "PYTHONPATH": os.pathsep.join([str(copy), str(copy / INSTALLED)]),
        }
    )
    done = subprocess.run([sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-5000:]}{done.stderr[-5000:]}"
    return done.stdout
