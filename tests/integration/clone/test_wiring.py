"""mypy sees into the container: a mistake in its wiring, made in a copy, is an error of `make lint`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONTAINER = Path("entrypoints", "container.py")
MISTAKES = [
    ("of(networks),", "of(clock),", '"networks"'),
    ("of(lease), of(leadership)", "of(leadership), of(lease)", "LeaderElectionState"),
    ("allow_http=of(settings)", "allow_htp=of(settings)", "allow_htp"),
    ("=of(settings).allow_http", "=of(settings).allow_htp", "allow_htp"),
    ("of(controller).enqueue", "of(controller).depth", '"enqueue"'),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied = tmp_path_factory.mktemp("copy")
    for name in ("domain", "adapters", "entrypoints"):
        shutil.copytree(ROOT / name, copied / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copied)
    return copied


def mypy(copy: Path, file: Path) -> tuple[int, str]:
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", str(file)]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_container_as_it_is_passes(copy: Path) -> None:
    status, said = mypy(copy, copy / CONTAINER)
    assert status == 0, said


@pytest.mark.parametrize(("right", "wrong", "named"), MISTAKES)
def test_a_mistake_in_the_wiring_is_found(copy: Path, right: str, wrong: str, named: str) -> None:
    text = (ROOT / CONTAINER).read_text()
    assert text.count(right) == 1, "this test breaks one line of the container: give it another one"
    broken = copy / CONTAINER.with_name(f"container_{MISTAKES.index((right, wrong, named))}.py")
    broken.write_text(text.replace(right, wrong, 1))  # a file of its own: mypy's cache trusts times and sizes of files
    status, said = mypy(copy, broken)
    assert status == 1, said
    assert named in said
    assert f"{broken.name}:" in said
