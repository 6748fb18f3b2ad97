"""CI tests on the Python of the image too: .ci/run finds it, and says aloud that it is missing, or fails."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.integration.workflows.reading import ROOT, jobs
from tests.integration.workflows.test_scripts import FILES
from tests.k3s.image import argument_of_the_dockerfile

SHIPPED = argument_of_the_dockerfile("BUILD_IMAGE").removeprefix("python:").partition("-")[0]
NONE, FOUND = "exit 1", "echo /opt/python"
LOUD = f"NOT TESTED ON PYTHON {SHIPPED}, WHICH IS IN THE IMAGE"


def ci_run(directory: Path, python: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The script until it starts what `make` has made, with programs that note how they are called."""
    for name, does in ((f"python{SHIPPED}", python), ("uv", NONE), ("make", 'echo "make $*"')):
        program = directory / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
    for file in (".ci/run", "deploy/Dockerfile"):
        (directory / file).parent.mkdir()
        shutil.copy(ROOT / file, directory / file)
    found = f"{directory / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", directory / ".ci" / "run"],
        env={"PATH": found, "HOME": str(directory), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_quick_suites_run_on_the_python_of_the_image_in_an_environment_of_its_own(tmp_path: Path) -> None:
    done = ci_run(tmp_path, FOUND)

    start = f"make test VENV=.venv-{SHIPPED} PYTHON=/opt/python ARGS=tests/unit tests/contracts --junitxml="
    assert start in done.stdout
    assert LOUD not in done.stderr


def test_without_that_python_it_is_said_aloud_and_the_rest_is_run(tmp_path: Path) -> None:
    done = ci_run(tmp_path, NONE)

    assert LOUD in done.stderr
    assert "make coverage" in done.stdout


def test_where_that_python_must_be_it_is_a_failure(tmp_path: Path) -> None:
    done = ci_run(tmp_path, NONE, REQUIRE_SHIPPED_PYTHON="1")

    assert LOUD in done.stderr
    assert done.returncode == 1
    assert "make coverage" not in done.stdout


def test_ci_has_that_python_and_as_its_default_the_oldest_that_is_supported() -> None:
    steps = jobs(FILES["ci"])["run"]["steps"]
    (setup,) = [step["with"] for step in steps if step.get("uses", "").startswith("actions/setup-python@")]
    (script,) = [step for step in steps if step.get("run") == "bash .ci/run"]

    assert setup["python-version"].split() == [SHIPPED, "3.11"]
    assert script["env"]["REQUIRE_SHIPPED_PYTHON"] == "1"
