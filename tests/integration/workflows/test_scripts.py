"""Scripts of the workflows that need nothing of GitHub, run as its runner runs them: what they say is what is tried."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.workflows.reading import ROOT, WORKFLOWS, jobs
from tests.k3s.image import argument_of_the_dockerfile

FILES = {file.stem: file for file in WORKFLOWS}


def script(workflow: str, job: str, containing: str) -> str:
    found: list[str] = [step.get("run", "") for step in jobs(FILES[workflow])[job]["steps"]]
    (text,) = [each for each in found if containing in each]
    return text


def run(text: str, directory: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """As `shell: bash` has it, with this environment's Python first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text],
        cwd=directory,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_tag_of_another_version_ends_the_release(tmp_path: Path) -> None:
    done = run(script("release", "check", "tests.tools.release"), tmp_path, GITHUB_REF_NAME="v999.0.0")

    assert done.returncode == 1
    assert "'v999.0.0' is not 'v" in done.stderr


def test_image_and_charts_are_named_after_the_repository_in_lower_case(tmp_path: Path) -> None:
    output = tmp_path / "output"
    text = script("release", "check", "image=")

    run(text, tmp_path, GITHUB_REF_NAME="v1.2.3", GITHUB_REPOSITORY="Me/Issuer", GITHUB_OUTPUT=str(output))

    assert output.read_text().splitlines() == ["version=1.2.3", "image=ghcr.io/me/issuer", "charts=ghcr.io/me/charts"]


@pytest.mark.parametrize("digest", [f"sha256:{'a' * 64}", "sha256:short", ""], ids=["a digest", "none", "nothing"])
def test_a_release_takes_both_base_images_by_digest(tmp_path: Path, digest: str) -> None:
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\ntest "$1 $2 $3" = "buildx imagetools inspect" && echo "{digest}"\n')
    program.chmod(0o755)
    output = tmp_path / "output"
    build, base = (argument_of_the_dockerfile(name) for name in ("BUILD_IMAGE", "BASE_IMAGE"))
    text = script("release", "image", "digest=$(docker buildx imagetools inspect")

    done = run(f"PATH={tmp_path}:$PATH\n{text}", ROOT, GITHUB_OUTPUT=str(output))

    known = len(digest) == len("sha256:") + 64
    wanted = {f"BUILD_IMAGE={build}@{digest}", f"BASE_IMAGE={base}@{digest}"}
    wanted |= {f"BASE_NAME={base}", f"BASE_DIGEST={digest}"}
    assert done.returncode == (0 if known else 1), done.stderr
    assert wanted & set(output.read_text().splitlines()) == (wanted if known else set())


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Of nothing but a lock and a program, each with a change that is not committed."""
    for command in (["init", "-q"], ["config", "user.name", "me"], ["config", "user.email", "me@example.com"]):
        git(tmp_path, *command)
    for name in ("deploy/requirements.lock", "Makefile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("old\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "old")
    for name in ("deploy/requirements.lock", "Makefile"):
        (tmp_path / name).write_text("new\n")
    return tmp_path


def git(directory: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=directory, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    ).stdout


def test_new_locks_are_told_and_nothing_else_is_handed_on(clone: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"

    run(script("locks", "renew", "git diff"), clone, GITHUB_OUTPUT=str(output))

    assert output.read_text() == "changed=true\n"
    assert "Makefile" not in (clone / "locks.patch").read_text()


def test_without_new_locks_nothing_is_told(clone: Path, tmp_path: Path) -> None:
    git(clone, "checkout", "-q", "deploy")
    output = tmp_path / "output"
    output.touch()

    done = run(script("locks", "renew", "git diff"), clone, GITHUB_OUTPUT=str(output))

    assert (done.returncode, output.read_text()) == (0, "")


def test_of_a_patch_the_locks_alone_are_taken(clone: Path) -> None:
    text = script("locks", "propose", "git apply").splitlines()[0]
    (clone / "locks.patch").write_text(git(clone, "diff"))
    git(clone, "checkout", "-q", ".")

    done = run(text, clone, RUNNER_TEMP=str(clone))

    assert done.returncode == 0, done.stderr
    assert git(clone, "diff", "--name-only").splitlines() == ["deploy/requirements.lock"]


def test_of_new_pins_the_project_and_the_locks_alone_are_taken(clone: Path) -> None:
    (clone / "pyproject.toml").write_text("old\n")
    git(clone, "add", "pyproject.toml")
    git(clone, "commit", "-qm", "pins", "pyproject.toml")
    (clone / "pyproject.toml").write_text("new\n")
    output = clone / "output"

    run(script("pins", "raise", "git diff"), clone, GITHUB_OUTPUT=str(output))
    assert output.read_text() == "changed=true\n"
    (clone / "pins.patch").write_text(git(clone, "diff"))
    git(clone, "checkout", "-q", ".")
    done = run(script("pins", "propose", "git apply").splitlines()[0], clone, RUNNER_TEMP=str(clone))

    assert done.returncode == 0, done.stderr
    assert git(clone, "diff", "--name-only").splitlines() == ["deploy/requirements.lock", "pyproject.toml"]


def test_new_locks_without_new_pins_are_left_to_the_workflow_locks(clone: Path) -> None:
    (clone / "pyproject.toml").write_text("old\n")
    git(clone, "add", "pyproject.toml")
    git(clone, "commit", "-qm", "pins", "pyproject.toml")
    output = clone / "output"
    output.touch()

    run(script("pins", "raise", "git diff"), clone, GITHUB_OUTPUT=str(output))

    assert output.read_text() == ""
