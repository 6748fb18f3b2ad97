"""What neither actionlint nor zizmor (`make lint`) holds of the workflows and of dependabot.yml.

An action is a commit whose release can be read, a right is given to a job and says what for, a job ends by itself.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.integration.workflows.reading import DEPENDABOT, ROOT, WORKFLOWS, jobs, read

USES = re.compile(r"^\s*(?:- )?uses:\s*(.*)$", re.MULTILINE)
PINNED = re.compile(r"(?P<action>[\w.-]+(?:/[\w.-]+)+)@(?P<commit>[0-9a-f]{40}) # (?P<release>v\d+\.\d+\.\d+)")
OWN = re.compile(r"\./\.github/workflows/[a-z]+\.yml\b")
RIGHT = re.compile(r"^ +[a-z-]+: (?:read|write)\b(.*)$", re.MULTILINE)
MANIFESTS = {"gomod": "go.mod", "cargo": "Cargo.toml"}
workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=[file.stem for file in WORKFLOWS])


@workflow
def test_an_action_is_pinned_by_commit_with_its_release_beside_it(file: Path) -> None:
    used = USES.findall(file.read_text())

    assert used
    assert [use for use in used if not PINNED.fullmatch(use) and not OWN.match(use)] == []


def test_a_repository_of_actions_is_the_same_commit_everywhere() -> None:
    commits: dict[str, set[str]] = {}
    for pin in (pin for file in WORKFLOWS for pin in PINNED.finditer(file.read_text())):
        commits.setdefault("/".join(pin["action"].split("/")[:2]), set()).add(f"{pin['commit']} {pin['release']}")

    assert {name: found for name, found in commits.items() if len(found) > 1} == {}


@workflow
def test_rights_are_given_to_jobs_alone_and_say_what_for(file: Path) -> None:
    assert read(file)["permissions"] == {}
    assert all("permissions" in job for job in jobs(file).values())
    assert all(what_for.startswith("  # ") for what_for in RIGHT.findall(file.read_text()))


def test_no_job_may_write_the_release_and_build() -> None:
    release = next(file for file in WORKFLOWS if file.stem == "release")
    writing = {name: job for name, job in jobs(release).items() if job["permissions"].get("contents") == "write"}

    assert list(writing) == ["publish"]
    assert [step.get("uses", "").partition("@")[0] for step in writing["publish"]["steps"]] == [
        "actions/download-artifact",
        "actions/download-artifact",
        "",
    ]


@workflow
def test_a_checkout_leaves_no_credentials_behind(file: Path) -> None:
    steps = [step for job in jobs(file).values() for step in job.get("steps", [])]
    checkouts = [step for step in steps if step.get("uses", "").startswith("actions/checkout@")]

    assert checkouts
    assert [step for step in checkouts if step.get("with") != {"persist-credentials": False}] == []


@workflow
def test_a_job_ends_by_itself(file: Path) -> None:
    assert [name for name, job in jobs(file).items() if "timeout-minutes" not in job and "uses" not in job] == []


@workflow
def test_a_script_stops_at_the_first_failure_in_a_pipe_too(file: Path) -> None:
    scripts = [step for job in jobs(file).values() for step in job.get("steps", []) if "run" in step]

    assert not scripts or read(file)["defaults"] == {"run": {"shell": "bash"}}
    assert [step for step in scripts if "shell" in step] == []


@pytest.mark.parametrize("ecosystem", MANIFESTS)
def test_dependabot_looks_at_every_module(ecosystem: str) -> None:
    updates = [update for update in read(DEPENDABOT)["updates"] if update["package-ecosystem"] == ecosystem]
    looked_at = [place for update in updates for place in update.get("directories") or [update["directory"]]]
    modules = {f"/{path.parent.relative_to(ROOT).as_posix()}" for path in (ROOT / "tests").rglob(MANIFESTS[ecosystem])}

    assert sorted(looked_at) == sorted(modules)


def test_dependabot_is_given_no_yaml_aliases() -> None:
    assert re.findall(r"(?:: |- )([&*]\w+)", DEPENDABOT.read_text()) == []
