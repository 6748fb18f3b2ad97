"""Runs pytest as the author of a signer does, on a file of tests that is not part of this project."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.readme import ROOT

_PLUGINS = [
    "tests.contracts.signer_honours",
    "tests.contracts.signer_wrapped",
    "tests.integration.x509_reader.fixtures",
]


def run_pytest(directory: Path, tests: str, *arguments: str) -> str:
    """What pytest prints about these tests, with the settings of pyproject.toml."""
    file = directory / "test_of_an_author.py"
    file.write_text(tests)
    plugins = [argument for plugin in _PLUGINS for argument in ("-p", plugin)]
    settings = ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(directory), "-p", "no:cacheprovider"]
    command = [sys.executable, "-m", "pytest", "--quiet", *settings, *plugins, str(file), *arguments]
    path = os.pathsep.join([str(directory), str(ROOT)])
    done = subprocess.run(command, cwd=directory, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True)
    return done.stdout + done.stderr
