"""What the READMEs tell people to type can be typed, and what they point to exists.

That the commands under Install in README.md do what they should is shown where pods run: tests/k3s.
"""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from tests.support import readme
from tests.support.readme import FILES, ROOT, anchors, blocks, links, prose, text

COMMANDS = [(file, command) for file in FILES for block in blocks(text(file)) for command in block]
VERBS = set(re.findall(r"^([a-z][a-z0-9.-]*):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROGRAMS = {"make", "kubectl", "docker", "cosign", "gh", "grep", "openssl", "step", "helm", "curl", "cfssl"}
YOURS = {
    "adapters/signers/acme",
    "adapters/signers/acme/",
    "tests/contracts/test_signers_acme.py",
    "adapters/signers/mine/signer.py",
    "tests/contracts/test_mine.py",
    "adapters/signers/cfssl/signer.py",
    "tests/contracts/test_signers_cfssl.py",
    "build/ca/config.json",
    "build/acme.yaml",
    "install.yaml",
    "argocd-health.yaml",
    "dist/",
}
"""The reader writes them, or make does."""
READMES = {"README.md", "adapters/signers/README.md", "deploy/README.md", "domain/README.md", "tests/README.md"}
SUFFIXES = r"(?:py|ya?ml|md|json|toml|lock|pem|mod)"
LINKS = [(file, target) for file in FILES for target in links(file) if not target.startswith("https://")]
file = pytest.mark.parametrize("file", FILES)


def test_every_readme_is_held() -> None:
    assert READMES | {
        "adapters/signers/TUTORIAL.md",
        "deploy/NEIGHBOURS.md",
        "deploy/PODS.md",
        "tests/tools/bench/README.md",
        ".github/CONTRIBUTING.md",
    } <= set(FILES)


def test_the_readme_at_the_top_is_short() -> None:
    assert len(text("README.md").splitlines()) <= 250


def test_there_are_commands() -> None:
    commands = {command for name, command in COMMANDS if name == "README.md"}
    assert {"make demo", "make test", "kubectl apply -k deploy/samples"} <= commands


@pytest.mark.parametrize(("file", "command"), COMMANDS)
def test_a_command_begins_with_a_program_that_people_have(file: str, command: str) -> None:
    assert shlex.split(command, comments=True)[0] in PROGRAMS


@file
def test_every_verb_of_make_that_is_named_is_one(file: str) -> None:
    assert _verbs(file) - VERBS == set()


def test_verbs_are_named() -> None:
    assert {"demo", "test", "deploy"} <= _verbs("README.md")
    assert {"deploy", "undeploy", "chart", "namespaced"} <= _verbs("deploy/README.md")


def test_every_folder_and_file_that_is_named_is_there() -> None:
    missing = {(file, path) for file in FILES for path in _paths(file) if not _is_there(file, path)}
    assert {path for _, path in missing} <= YOURS, missing
    assert {path for file in FILES for path in _paths(file)} >= YOURS


def test_folders_and_files_are_named() -> None:
    assert "deploy/samples" in _paths("README.md")
    assert "requests.py" in _paths("domain/README.md")
    assert "e2e/" in _paths("tests/README.md")


@pytest.mark.parametrize(("file", "target"), LINKS)
def test_a_link_leads_to_a_file_and_a_heading(file: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    found = (ROOT / file).parent.joinpath(path).resolve() if path else ROOT / file
    assert found.exists()
    assert not anchor or anchor in anchors(found.relative_to(ROOT).as_posix())


def test_the_readme_leads_to_every_other_one() -> None:
    assert set(links("README.md")) >= set(FILES) - {"README.md", ".github/PULL_REQUEST_TEMPLATE.md"}


def _spans(file: str) -> list[str]:
    """What is set as code within a line."""
    return re.findall(r"`([^`\n]+)`", prose(file))


def _verbs(file: str) -> set[str]:
    code = "\n".join([*(command for name, command in COMMANDS if name == file), *_spans(file)])
    commands = re.findall(r"(?:^|[&;|] ?|[A-Z_]+=\S* )make ((?:[a-z0-9.-]+ ?)+)", code, re.MULTILINE)
    return {verb for command in commands for verb in command.split()}


def _paths(file: str) -> set[str]:
    """Paths from the top of the repository anywhere, and what is set as code and can be nothing but a path."""
    from_the_top = re.findall(r"(?<![\w/<>.-])((?:deploy|domain|adapters|entrypoints|tests)/[\w./-]+\w)", text(file))
    alone = [span for span in _spans(file) if re.fullmatch(rf"[\w~.-]+(?:/[\w.-]+)*(?:/|\.{SUFFIXES})", span)]
    return {*from_the_top, *alone}


def _is_there(file: str, path: str) -> bool:
    """From the top of the repository or from the file's own folder."""
    return any(base.joinpath(path).exists() for base in (ROOT, (ROOT / file).parent))


def test_certificates_for_pods_is_a_part_of_the_complete_example() -> None:
    issuer, pod = (yaml.safe_load(block) for block in readme.yaml("deploy/PODS.md", "## A complete example"))
    spec, volumes = (yaml.safe_load(block) for block in readme.yaml("README.md", "## Certificates for pods"))
    del issuer["spec"]["pods"]["maxDuration"]
    assert spec["spec"] == issuer["spec"]
    assert volumes["volumes"] == pod["spec"]["volumes"]
