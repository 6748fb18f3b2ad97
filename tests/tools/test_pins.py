"""The exact pins are loosened and pinned again, and nothing else in pyproject.toml is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.pins import ROOT, fix, free, main
from tests.unit.adapters.kubernetes.test_lightkube_pin import PINNED

PROJECT = (ROOT / "pyproject.toml").read_text()
LOCK = (ROOT / "deploy" / "requirements.lock").read_text()


def test_what_is_freed_is_what_the_pin_test_judges() -> None:
    assert free(PROJECT)[1] == PINNED


def test_freed_and_fixed_with_the_same_lock_nothing_has_changed() -> None:
    freed, _ = free(PROJECT)

    assert freed != PROJECT
    assert fix(freed, LOCK) == PROJECT


def test_only_the_pins_are_freed() -> None:
    freed = free(PROJECT)[0].splitlines()
    changed = [new for old, new in zip(PROJECT.splitlines(), freed, strict=True) if old != new]

    assert [line.strip().split(">=")[0] for line in changed] == [f'"{package}' for package in PINNED]


def test_the_lock_says_the_new_version() -> None:
    project = '    "httpx2>=2.16.2",\n    "aiodns>=4,<5",\n'

    assert fix(project, "httpx2==2.17.0 \\\n") == '    "httpx2==2.17.0",\n    "aiodns>=4,<5",\n'


def test_a_package_that_the_lock_lacks_is_named() -> None:
    with pytest.raises(ValueError, match="msgspec is not in the lock"):
        fix('    "msgspec>=0.22.0",\n', "other-msgspec==1 \\\n")


def test_both_steps_write_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "requirements.lock").write_text("httpx2==2.17.0 \\\n")
    (tmp_path / "pyproject.toml").write_text('    "httpx2==2.16.2",\n')

    main("free", tmp_path)
    assert capsys.readouterr().out == "--upgrade-package httpx2\n"
    assert (tmp_path / "pyproject.toml").read_text() == '    "httpx2>=2.16.2",\n'

    main("fix", tmp_path)
    assert (tmp_path / "pyproject.toml").read_text() == '    "httpx2==2.17.0",\n'
