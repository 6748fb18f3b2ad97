"""What README.md says to type is there to be typed, and what it points to is there to be read.

That the commands of its section Install do what they should is shown where pods run: tests/k3s.
"""

from __future__ import annotations

import re
import shlex

import pytest

from tests.support.readme import ROOT, TEXT, blocks

COMMANDS = [command for block in blocks(TEXT) for command in block]
VERBS = set(re.findall(r"^([a-z][a-z0-9.-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROGRAMS = {"make", "kubectl", "docker", "cosign", "gh", "grep", "openssl", "step", "helm", "curl"}
YOURS = {"adapters/signers/mine/signer.py"}  # which is for the reader to write
HEADINGS = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)


def test_there_are_commands() -> None:
    assert {"make demo", "make test", "kubectl apply -k deploy/samples"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_begins_with_a_program_that_people_have(command: str) -> None:
    assert shlex.split(command, comments=True)[0] in PROGRAMS


def test_every_verb_of_make_that_is_named_is_one() -> None:
    named = {verb for command in re.findall(r"\bmake ((?:[a-z0-9.-]+ ?)+)", _code()) for verb in command.split()}
    assert {"demo", "test", "deploy", "undeploy"} <= named
    assert named - VERBS == set()


def test_every_folder_and_file_that_is_named_is_there() -> None:
    named = set(re.findall(r"(?<![\w/<>.-])((?:deploy|domain|adapters|entrypoints|tests)/[\w./-]+\w)", TEXT))
    assert "deploy/samples" in named
    assert {path for path in named if not (ROOT / path).exists()} == YOURS


@pytest.mark.parametrize("anchor", sorted(set(re.findall(r"\]\(#([^)]+)\)", TEXT))))
def test_a_link_within_leads_to_a_heading(anchor: str) -> None:
    assert anchor in [_anchor(heading) for heading in HEADINGS]


def _code() -> str:
    """What is set as code, in a line or in a block of its own."""
    return "\n".join([*COMMANDS, *re.findall(r"`([^`\n]+)`", TEXT)])


def _anchor(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
