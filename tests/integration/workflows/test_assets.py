"""What the release workflow builds on is there, and the script that makes its assets makes them for the image.

Skipped without Go, and with REQUIRE_CLUSTER=1 a failure.
"""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import pytest
import yaml

from entrypoints.issuer import NAMES
from tests.integration.deploy.manifests import VERSION
from tests.integration.workflows.reading import ROOT, WORKFLOWS, jobs
from tests.integration.workflows.test_scripts import FILES, run, script
from tests.support.cluster.api_server import ApiServer
from tests.support.cluster.fixtures import built
from tests.support.programs import HELM

SOURCE, ADDED = "https://github.com/me/issuer", ("images", "changes")
IMAGE, DIGEST = "ghcr.io/me/issuer", f"sha256:{'a' * 64}"


@pytest.fixture
def tools(pytestconfig: pytest.Config, api_server: ApiServer, tmp_path: Path) -> Path:
    """A folder with helm and kubectl, as the runner has them on its PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "kubectl").symlink_to(api_server.program)
    (tmp_path / "bin" / "helm").symlink_to(built(pytestconfig, "helm", HELM.ensure, "install Go"))
    return tmp_path / "bin"


def test_install_yaml_and_chart_are_for_the_image_that_was_signed(tools: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "deploy", tree / "deploy", symlinks=True)
    shutil.copytree(ROOT / "tests" / "tools" / "release", tree / "tests" / "tools" / "release")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tree)
    changes = "## [Unreleased]\n\n## [{}] - 2026-11-24\n\n### Fixed\n\n- A thing.\n"
    (tree / "CHANGELOG.md").write_text(changes.format(VERSION))
    told = f"export PATH={tools}:$PATH\n{script('release', 'assets', 'make install.yaml chart')}"

    done = run(told, tree, IMAGE=IMAGE, DIGEST=DIGEST, SOURCE=SOURCE, GITHUB_REF_NAME=f"v{VERSION}", PYTHONPATH="")

    assert done.returncode == 0, done.stderr
    assert f"image: {IMAGE}@{DIGEST}" in (tree / "dist" / "install.yaml").read_text()
    with tarfile.open(tree / "dist" / f"{NAMES.controller}-{VERSION}.tgz") as packed:
        chart = yaml.safe_load(packed.extractfile(f"{NAMES.controller}/Chart.yaml") or b"")
    told_to_artifact_hub = {name: yaml.safe_load(chart["annotations"][f"artifacthub.io/{name}"]) for name in ADDED}
    assert chart["sources"] == [SOURCE]
    assert told_to_artifact_hub == {
        "images": [{"name": "manager", "image": f"{IMAGE}@{DIGEST}"}],
        "changes": [{"kind": "fixed", "description": "A thing."}],
    }


def test_every_verb_that_a_workflow_uses_is_one_of_make() -> None:
    verbs = set(re.findall(r"^([a-z][a-z.-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    steps = [step for file in WORKFLOWS for job in jobs(file).values() for step in job.get("steps", [])]
    used = {verb for step in steps for verb in re.findall(r"\bmake ([a-z.-]+)", step.get("run", ""))}

    assert used
    assert used - verbs == set()


def test_the_image_takes_what_the_workflow_gives_it() -> None:
    (build,) = [step["with"] for step in jobs(FILES["release"])["image"]["steps"] if step.get("id") == "build"]
    dockerfile = (ROOT / build["file"]).read_text()

    given = {line.partition("=")[0] for line in build["build-args"].splitlines()}

    assert {"BUILD_IMAGE", "BASE_IMAGE", "BASE_NAME", "BASE_DIGEST"} <= given, "as they were resolved"
    assert [name for name in given if not re.search(rf"^ARG {name}\b", dockerfile, re.MULTILINE)] == []
