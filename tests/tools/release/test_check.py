"""A tag is released only where it, pyproject.toml and CHANGELOG.md agree, and this project's own three do."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata

import pytest
import yaml
from click.testing import CliRunner

from entrypoints.cli import cli
from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import VERSION
from tests.tools.release.__main__ import ROOT
from tests.tools.release.changelog import BadChangelog, artifacthub, sections
from tests.tools.release.check import Refused, check_version, release_notes

NOTES = "### Added\n\n- A thing that [links](https://example.com) somewhere."
RELEASED = f"""# Changelog

Words before the first heading.

## [Unreleased]

## [0.2.0] - 2026-11-24

{NOTES}

## [0.1.0] - 2026-11-01

### Fixed

- An older thing.

[unreleased]: https://example.com/compare/v0.2.0...HEAD
[0.2.0]: https://example.com/releases/v0.2.0
"""


def test_the_notes_are_the_section_of_the_version() -> None:
    assert release_notes("v0.2.0", "0.2.0", RELEASED) == NOTES


def test_artifact_hub_gets_each_entry_with_its_kind() -> None:
    notes = "### Added\n\n- One: `a`,\n  in two lines.\n- Two.\n\n### Security\n\n- Three.\n"
    annotations = yaml.safe_load(f"annotations:\n{artifacthub(notes)}\n")["annotations"]
    assert yaml.safe_load(annotations["artifacthub.io/changes"]) == [
        {"kind": "added", "description": "One: `a`, in two lines."},
        {"kind": "added", "description": "Two."},
        {"kind": "security", "description": "Three."},
    ]


@pytest.mark.parametrize(
    ("tag", "version", "why"),
    [
        pytest.param("v0.3.0", "0.2.0", "'v0.3.0' is not 'v0.2.0'", id="another tag"),
        pytest.param("0.2.0", "0.2.0", "'0.2.0' is not 'v0.2.0'", id="a tag without v"),
        pytest.param("v0.2.0-rc.1", "0.2.0", "is not 'v0.2.0'", id="a tag that says more"),
        pytest.param("v0.3.0", "0.3.0", r"no '## \[0.3.0\] - YYYY-MM-DD'", id="no section"),
        pytest.param("v0.1.0", "0.1.0", "has released 0.2.0", id="an old version"),
        pytest.param("v0.2.0rc1", "0.2.0rc1", "not of the form X.Y.Z", id="no plain version"),
    ],
)
def test_a_tag_that_does_not_agree_is_refused(tag: str, version: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        release_notes(tag, version, RELEASED)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param("[Unreleased]\n", "[Unreleased]\n\n- More.\n", "would release them untold", id="left unreleased"),
        pytest.param(NOTES, "", r"says nothing under \[0.2.0\]", id="nothing said"),
        pytest.param("[0.2.0]", "0.2.0", "CHANGELOG.md: '## 0.2.0", id="not in the form"),
    ],
)
def test_a_changelog_that_does_not_tell_the_release_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        release_notes("v0.2.0", "0.2.0", RELEASED.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        pytest.param("## [Unreleased]\n", "", "first heading must be", id="no Unreleased"),
        pytest.param("[Unreleased]", "[Unreleased] - 2026-11-24", "Unreleased has none", id="Unreleased with a day"),
        pytest.param("[0.2.0] - 2026-11-24", "[0.2.0]", "has its day", id="a release without its day"),
        pytest.param("2026-11-24", "2026-11-31", "day is out of range", id="no such day"),
        pytest.param("[0.2.0]", "0.2.0", r"must be '## \[Unreleased\]'", id="no brackets"),
        pytest.param("[0.2.0]", "[v0.2.0]", "X.Y.Z", id="a tag for a version"),
        pytest.param("[0.2.0]", "[0.1.0]", "each once", id="twice"),
        pytest.param("[0.2.0]", "[0.0.9]", "newest first", id="oldest first"),
        pytest.param("2026-11-24", "2026-10-24", "must not be older", id="days against the versions"),
        pytest.param("### Added", "### New", "'### New' is none of Added", id="another kind of change"),
    ],
)
def test_what_is_not_in_the_form_is_refused(old: str, new: str, why: str) -> None:
    with pytest.raises(BadChangelog, match=why):
        sections(RELEASED.replace(old, new, 1))


def test_this_changelog_is_in_the_form_and_not_ahead_of_the_version() -> None:
    check_version(VERSION, sections((ROOT / "CHANGELOG.md").read_text()))


def test_the_program_and_its_package_tell_the_version_of_pyproject() -> None:
    told = CliRunner().invoke(cli, ["--version"])

    assert told.output == f"{NAMES.controller}, version {VERSION}\n"
    assert metadata.version(NAMES.controller) == VERSION


@pytest.mark.parametrize(("arguments", "why"), [(["v999.0.0"], "'v999.0.0' is not"), ([], "name the tag")])
def test_the_command_ends_with_the_reason_and_needs_nothing_installed(arguments: list[str], why: str) -> None:
    alone = [sys.executable, "-I", "-S", "-c", "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); "]
    alone[-1] += "runpy.run_module('tests.tools.release', run_name='__main__')"

    done = subprocess.run([*alone, str(ROOT), *arguments], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("release: ")
    assert why in done.stderr
