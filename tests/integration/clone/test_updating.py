"""Updates still arrive after a rename: a later commit of the template is merged without a conflict.

The template's commit touches the engine, a signer and manifests, also one that is generated; the clone has other names
and a signer of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.clone.copying import run
from tests.integration.clone.test_renaming import MINE, OLD, clone, commit, git, left_over, renamed

__all__ = ["clone"]  # a fixture
ENGINE = "domain/controller/workqueue.py"
SIGNER = "adapters/signers/ca/signer.py"
MANIFEST = "deploy/manager/deployment.yaml"
TEMPLATE = "deploy/templates/samples/issuer.yaml"
RIGHTS = "adapters/kubernetes/rights.py"


def changed(repository: Path, file: str, old: str, new: str) -> None:
    path = repository / file
    text = path.read_text()
    assert text.count(old) >= 1, f"{file} has no {old!r} any more: this test changes it"
    path.write_text(text.replace(old, new, 1))


def upstream_goes_on(repository: Path) -> None:
    """What the template commits later, with its own generated files."""
    changed(repository, ENGINE, "from __future__", "# of the engine\nfrom __future__")
    changed(repository, SIGNER, "class CA(", "# of the signer\nclass CA(")
    changed(repository, MANIFEST, "replicas: 2", "replicas: 3")
    changed(repository, TEMPLATE, "not-a-real-token", "no-token")
    changed(repository, RIGHTS, '["create", "patch"]', '["create", "patch", "update"]')
    run(repository, "-m", "tests.tools.manifests")
    commit(repository, "upstream goes on")


def a_signer_of_ones_own(repository: Path) -> None:
    run(repository, "-m", "tests.tools.signer", SIGNER_NAME="mine")
    commit(repository, "our signer")


@pytest.mark.timeout(300)
def test_a_later_commit_of_the_template_is_merged(clone: Path) -> None:
    git(clone, "branch", "ours")
    upstream_goes_on(clone)
    git(clone, "switch", "--quiet", "ours")
    renamed(clone, MINE)
    a_signer_of_ones_own(clone)

    git(clone, "merge", "--quiet", "--no-commit", "--no-ff", "main")
    assert git(clone, "diff", "--name-only", "--diff-filter=U") == ""

    run(clone, "-m", "tests.tools.generate")
    run(clone, "-m", "tests.tools.manifests")
    commit(clone, "merged")
    assert left_over(clone) == []
    assert "# of the engine" in (clone / ENGINE).read_text()
    assert "# of the signer" in (clone / SIGNER).read_text()
    assert "replicas: 3" in (clone / MANIFEST).read_text()
    sample = (clone / "deploy/samples/issuer.yaml").read_text()
    assert "no-token" in sample
    assert MINE[1] in sample
    assert not OLD.search(sample)
    assert "verbs: [create, patch, update]" in (clone / "deploy/rbac/controller.yaml").read_text()
