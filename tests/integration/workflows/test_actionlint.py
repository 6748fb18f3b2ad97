"""The workflows by actionlint, with shellcheck over their scripts: they cannot be run here, so they are read twice.

Skipped without Go, and with REQUIRE_CLUSTER=1 a failure.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workflows.reading import WORKFLOWS
from tests.support.cluster.fixtures import built
from tests.support.programs import ACTIONLINT

SHELLCHECK = Path(sys.executable).parent / "shellcheck"
RELEASE = next(file for file in WORKFLOWS if file.stem == "release")


@pytest.fixture(scope="session")
def actionlint(pytestconfig: pytest.Config) -> Path:
    return built(pytestconfig, "actionlint", ACTIONLINT.ensure, "install Go")


def findings(actionlint: Path, *files: Path) -> list[str]:
    """One line each. Raises where actionlint itself failed, or could not start shellcheck."""
    options = ["-oneline", "-no-color", "-pyflakes=", f"-shellcheck={SHELLCHECK}"]
    done = subprocess.run([actionlint, *options, *files], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


def test_actionlint_finds_nothing(actionlint: Path) -> None:
    assert findings(actionlint, *WORKFLOWS) == []


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        pytest.param("needs: [check, image]", "needs: [check, picture]", 'job "picture"', id="a job that is not there"),
        pytest.param("steps.build.outputs", "steps.biuld.outputs", '"biuld"', id="a step that is not there"),
        pytest.param("packages: write", "package: write", '"package"', id="a permission that is not there"),
        pytest.param('--yes "$IMAGE@$DIGEST"', "--yes $IMAGE@$DIGEST", "SC2086", id="a script, by shellcheck"),
    ],
)
def test_actionlint_finds_a_mistake(actionlint: Path, tmp_path: Path, good: str, bad: str, told: str) -> None:
    text = RELEASE.read_text()
    assert good in text
    broken = tmp_path / "release.yml"
    broken.write_text(text.replace(good, bad, 1))

    assert any(told in line for line in findings(actionlint, broken))
