"""Builds are complete or absent, and a failed one says why; played by a shell in place of a compiler."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import building
from tests.support.building import BuildFailed


def run(tmp_path: Path, script: str) -> None:
    building.run("it", "building", ["/bin/sh", "-c", script], directory=tmp_path, env=os.environ, log=tmp_path / "log")


def test_what_is_there_is_not_built_again(tmp_path: Path) -> None:
    place, made = tmp_path / "cache" / "program", []

    def make(unfinished: Path) -> None:
        made.append(unfinished)
        unfinished.write_text("built")

    for _ in range(2):
        assert building.once("it", place, make).read_text() == "built"
    assert len(made) == 1
    assert not made[0].exists()


@pytest.mark.parametrize("leave", [Path.mkdir, Path.touch], ids=["a directory", "a file"])
def test_what_was_broken_off_is_absent_and_made_anew(tmp_path: Path, leave: Callable[[Path], None]) -> None:
    place = tmp_path / "program"

    def break_off(unfinished: Path) -> None:
        leave(unfinished)
        raise BuildFailed("ended in the middle")

    with pytest.raises(BuildFailed):
        building.once("it", place, break_off)
    assert not place.exists()

    assert building.once("it", place, Path.mkdir).is_dir()


def test_two_runs_at_once_build_once(tmp_path: Path) -> None:
    place, made, second_began = tmp_path / "program", [], threading.Event()

    def make(unfinished: Path) -> None:
        made.append(unfinished)
        assert second_began.wait(10)
        unfinished.touch()

    def second() -> None:
        second_began.set()
        building.once("it", place, make)

    first = threading.Thread(target=building.once, args=("it", place, make))
    other = threading.Thread(target=second)
    first.start()
    other.start()
    first.join()
    other.join()

    assert len(made) == 1


def test_a_failure_is_told_without_the_progress(tmp_path: Path) -> None:
    words = [
        "go: downloading x",
        "k8s.io/api",
        "   Compiling axum v0.6.20",
        "  Downloaded x",
        "",
        "main.rs:1: no such thing",
    ]
    script = "; ".join(f"echo '{line}'" for line in words)

    with pytest.raises(BuildFailed) as told:
        run(tmp_path, f"{script}; exit 3")

    assert str(told.value).splitlines()[1:] == ["main.rs:1: no such thing"]
    assert not (tmp_path / "log").exists()


def test_without_a_toolchain_any_build_of_the_same_sources_serves(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    cache = tmp_path / "external-issuer-tests" / "it"
    for name in ("old-rust1.90.0", "new-rust1.91.0", ".new-rust1.92.0.unfinished"):
        (cache / name).mkdir(parents=True)

    assert building.place(env, "it", "new", None) == cache / "new-rust1.91.0"
    assert building.place(env, "it", "newer", None) is None
    assert building.place(env, "it", "new", "rust1.95.0") == cache / "new-rust1.95.0"
