"""Where neither an engine nor a way to one is, everything else still runs, and it is said aloud what does not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.k3s import availability
from tests.k3s.stand_in.__main__ import main

TELL = [
    sys.executable,
    "-c",
    "import os, sys; print(f'told: {os.environ.get(\"K3S_NOT_RUN\")}', file=sys.stderr); sys.exit(3)",
]


def test_a_machine_without_docker_is_told_in_the_header() -> None:
    (line, remedy) = availability.header({"PATH": "/nowhere"})
    assert "SKIPPED" in line
    assert "no `docker` on PATH" in line
    assert ".ci/run" in remedy
    assert "FAIL" in availability.header({"PATH": "/nowhere", "REQUIRE_CLUSTER": "1"})[0]


def test_what_cannot_be_run_is_left_out_and_the_command_is_told_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("REQUIRE_K3S", raising=False)
    assert main(TELL) == 3, "the command's own exit status"
    said = capfd.readouterr().err
    assert "THE K3S PART IS NOT RUN: docker.io must be installed" in said
    assert "told: docker.io must be installed" in said


def test_where_docker_is_known_to_be_that_is_a_failure_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("REQUIRE_K3S", "1")
    assert main(TELL) == 1
    assert "told" not in capfd.readouterr().err


def test_the_header_repeats_why_it_was_left_out() -> None:
    assert availability.header({"K3S_NOT_RUN": "no engine"}) == ["k3s: NOT RUN: no engine"]
