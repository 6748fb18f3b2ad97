"""The audit workflow asks about every one of Python's locks, and about the rest after one with a finding.

What pip-audit and OSV answer is not tried: a stand-in notes what it is asked.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.integration.workflows.reading import ROOT, jobs, read
from tests.integration.workflows.test_scripts import FILES, git, run, script

LOCKS = sorted(git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*requirements.lock").split())
STAND_IN = """#!/usr/bin/env bash
lock="${@: -1}"
echo "asked about $lock"
test "$lock" != "$BAD"
"""


@pytest.fixture
def runner_temp(tmp_path: Path) -> Path:
    program = tmp_path / "audit" / "bin" / "pip-audit"
    program.parent.mkdir(parents=True)
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return tmp_path


def test_there_are_locks() -> None:
    assert {"deploy/requirements.lock", "tests/requirements.lock"} < set(LOCKS)


@pytest.mark.parametrize("bad", ["", *LOCKS])
def test_every_lock_is_asked_about_and_one_finding_fails_the_job(runner_temp: Path, bad: str) -> None:
    done = run(script("audit", "locks", 'pip-audit" --disable-pip'), ROOT, RUNNER_TEMP=str(runner_temp), BAD=bad)

    assert sorted(re.findall(r"^asked about (.*)$", done.stdout, re.MULTILINE)) == LOCKS
    assert done.returncode == (1 if bad else 0), done.stderr


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_one_version_and_its_hashes_for_each_package(lock: str) -> None:
    """`pip-audit --disable-pip` refuses a lock that does not."""
    entries = re.split(r"^(?=[a-z0-9])", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]

    assert entries
    assert [entry for entry in entries if not re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+( ;| \\)", entry)] == []
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


def test_it_runs_each_week_and_for_each_pull_request() -> None:
    document: dict[Any, Any] = read(FILES["audit"])
    when = document[True]  # YAML 1.1 reads `on` so

    assert "pull_request" in when
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["schedule"][0]["cron"])


def test_pip_audit_comes_from_a_lock_of_its_own() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]

    assert [requirement for requirement in groups["audit"] if requirement.startswith("pip-audit")]
    assert not [requirement for requirement in groups["dev"] if requirement.startswith("pip-audit")]


@pytest.mark.parametrize("bad", ["", "amd64", "arm64"])
def test_the_release_is_refused_where_the_scan_finds_something_in_the_image_of_one_architecture(
    tmp_path: Path, bad: str
) -> None:
    (tmp_path / "sboms").mkdir()
    for arch in ("amd64", "arm64"):
        (tmp_path / "sboms" / f"sbom-linux-{arch}.spdx.json").touch()
    program = tmp_path / "grype"
    program.write_text(
        '#!/usr/bin/env bash\necho "asked about $1"\ntest "$1" != "sbom:sboms/sbom-linux-$BAD.spdx.json"\n'
    )
    program.chmod(0o755)

    done = run(script("release", "scan", "sbom:"), tmp_path, RUNNER_TEMP=str(tmp_path), BAD=bad)

    assert re.findall(r"sbom-linux-(\w+)", done.stdout) == ["amd64", "arm64"]
    assert done.returncode == (1 if bad else 0), done.stderr
    assert "scan" in jobs(FILES["release"])["publish"]["needs"]
