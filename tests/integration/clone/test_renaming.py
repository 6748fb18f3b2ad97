"""`make rename` in a copy: short names and long ones, what it refuses, and that updates still arrive afterwards."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from entrypoints.issuer import NAMES
from tests.integration.clone.copying import run
from tests.support.cluster.api_server import ApiServer
from tests.support.commands import REPOSITORY, copy
from tests.tools.manifests import outputs
from tests.tools.rename import ATTRIBUTION, WRITTEN

MINE = ("my-issuer", "issuer.acme.example.org", "AcmeIssuer")
SHORT = ("a", "b.c", "DIssuer")
LONG = ("n" * 40, f"{'g' * 63}.{'h' * 36}", f"K{'k' * 23}Issuer")
OLD = re.compile(
    "|".join(
        re.escape(name)
        for name in (
            NAMES.controller,
            NAMES.controller.replace("-", "_"),
            NAMES.controller.replace("-", ""),
            NAMES.group,
            *NAMES.kinds,
        )
    )
    + rf"|\b({NAMES.short_name}|{NAMES.cluster_short_name})\b",
    re.IGNORECASE,
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with one commit: this tree."""
    repository = tmp_path / "clone"
    repository.mkdir()
    copy(repository)
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository, "upstream")
    return repository


def git(repository: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *arguments], cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, f"git {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


def commit(repository: Path, message: str) -> None:
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", f"--message={message}")


def rename(repository: Path, name: str, group: str, kind: str) -> subprocess.CompletedProcess[str]:
    given = {"RENAME_NAME": name, "RENAME_GROUP": group, "RENAME_KIND": kind, "PYTHONPATH": str(repository)}
    command = [sys.executable, "-m", "tests.tools.rename"]
    return subprocess.run(command, cwd=repository, env=os.environ | given, capture_output=True, text=True)


def renamed(repository: Path, names: tuple[str, str, str]) -> None:
    done = rename(repository, *names)
    assert done.returncode == 0, done.stderr
    installed(repository, names[0])
    commit(repository, "our names")


def installed(repository: Path, name: str) -> None:
    """The project's metadata, as installing it would write it; ignored by git."""
    folder = repository / f"{name.replace('-', '_')}.egg-info"
    folder.mkdir()
    (folder / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("names", [MINE, SHORT, LONG], ids=["usual", "short", "long"])
def test_afterwards_lint_and_demo_pass_and_no_old_name_is_left(clone: Path, names: tuple[str, str, str]) -> None:
    renamed(clone, names)

    assert "Nothing to do" in rename(clone, *names).stdout
    assert git(clone, "status", "--porcelain") == ""
    assert left_over(clone) == []
    changed = git(clone, "diff", "--name-only", "HEAD~1").split()
    by_hand = {file for file in changed if file not in outputs() and not file.endswith(".md")}
    assert by_hand == set(WRITTEN)
    assert len(by_hand) <= 8
    assert "Apache License" in (clone / "LICENSE").read_text()
    assert f"Made from the template {NAMES.controller}" in (clone / "README.md").read_text()

    for tool in ("generate", "manifests"):
        run(clone, "-m", f"tests.tools.{tool}", "--check")
    run(clone, "-m", "ruff", "format", "--check", ".")
    run(clone, "-m", "ruff", "check", "--quiet", ".")
    run(clone, "-m", "entrypoints.cli", "demo")


@pytest.mark.timeout(600)
def test_afterwards_the_tests_pass(clone: Path) -> None:
    renamed(clone, MINE)
    tests = ["tests/unit/domain", "tests/unit/entrypoints", "tests/unit/adapters/kubernetes", "tests/tools"]
    run(clone, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *tests, "tests/unit/test_readme.py")


def test_kustomize_renders_every_base(clone: Path, api_server: ApiServer) -> None:
    renamed(clone, MINE)
    for file in sorted(clone.glob("deploy/**/kustomization.yaml")):
        if "kind: Component" not in file.read_text():
            rendered = api_server.kubectl("kustomize", str(file.parent))
            assert not OLD.search(rendered)
    default = api_server.kubectl("kustomize", str(clone / "deploy" / "default"))
    assert "\n  name: my-issuer-controller-manager\n" in default
    assert default.count("external-issuer/undeploy: keep") == 3, "both CRDs and the namespace"


def left_over(repository: Path) -> list[str]:
    """Every line, and every name of a file, that contains an old name."""
    files = git(repository, "ls-files").split()
    lines = [
        f"{file}: {line}"
        for file in files
        if (path := repository / file).is_file()
        for line in path.read_text(errors="replace").splitlines()
        if ATTRIBUTION not in line
    ]
    return [line for line in [*files, *lines] if OLD.search(line)]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("", MINE[1], MINE[2]), "needs all of NAME, GROUP and KIND"),
        (("My-Issuer", MINE[1], MINE[2]), "NAME='My-Issuer' is no name"),
        (("issuer-", MINE[1], MINE[2]), "is no name"),
        (("1st", MINE[1], MINE[2]), "is no name"),
        (("n" * 41, MINE[1], MINE[2]), "at most 40"),
        (("a'b\"c", MINE[1], MINE[2]), "is no name"),
        (("$(touch x)", MINE[1], MINE[2]), "is no name"),
        (("two\nlines", MINE[1], MINE[2]), "NAME='two\\nlines' is no name"),
        (("../up", MINE[1], MINE[2]), "is no name"),
        ((MINE[0], "nodot", MINE[2]), "GROUP='nodot' is no API group"),
        ((MINE[0], "Issuer.example.org", MINE[2]), "is no API group"),
        ((MINE[0], "issuer.example.org\n", MINE[2]), "is no API group"),
        ((MINE[0], f"{'g' * 64}.org", MINE[2]), "is no API group"),
        ((MINE[0], "cert-manager.io", MINE[2]), "belongs to others"),
        ((MINE[0], "mine.k8s.io", MINE[2]), "belongs to others"),
        ((MINE[0], "a.kubernetes.io", MINE[2]), "belongs to others"),
        ((MINE[0], MINE[1], "acmeIssuer"), "KIND='acmeIssuer' is no kind"),
        ((MINE[0], MINE[1], "Issuer"), "is no kind"),
        ((MINE[0], MINE[1], "Acme"), "is no kind"),
        ((MINE[0], MINE[1], "Acme-Issuer"), "is no kind"),
        ((MINE[0], MINE[1], "AcmeClusterIssuer"), "is to be the kind of a namespace"),
        ((MINE[0], MINE[1], f"K{'k' * 30}Issuer"), "at most 30"),
    ],
)
def test_what_is_no_name_is_refused_in_one_line(clone: Path, names: tuple[str, str, str], words: str) -> None:
    done = rename(clone, *names)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("make rename: ")
    assert words in line
    assert git(clone, "status", "--porcelain") == ""


def test_a_tree_with_changes_is_refused(clone: Path) -> None:
    (clone / "mine.txt").write_text("work\n")
    done = rename(clone, *MINE)
    assert done.returncode == 1
    assert done.stderr == (
        "make rename: the working tree has changes, 'mine.txt' for one: commit or stash them first\n"
    )
    assert git(clone, "status", "--porcelain") == "?? mine.txt\n"


def test_make_hands_the_names_over_as_they_are(tmp_path: Path) -> None:
    """With a program in place of Python; neither make nor a shell reads what is in them."""
    for name in ("Makefile", "pyproject.toml"):
        (tmp_path / name).write_text((REPOSITORY / name).read_text())
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    (tmp_path / ".venv" / ".ready").touch()
    python.write_text('#!/bin/sh\nprintf "%s|" "$RENAME_NAME" "$RENAME_GROUP" "$RENAME_KIND"\n')
    python.chmod(0o755)
    hostile = ["$(shell touch made)", "`touch made`;touch made", "'\"$(touch made)"]
    given = [f"{name}={value}" for name, value in zip(("NAME", "GROUP", "KIND"), hostile, strict=True)]
    command = ["make", "--silent", "--old-file=.venv/.ready", "rename", *given]
    environment = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "".join(f"{value}|" for value in hostile), done.stderr
    assert not (tmp_path / "made").exists()
