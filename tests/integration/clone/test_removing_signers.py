"""A signer that is not wanted is removed by deleting its folder, its lines, its tests and its README section.

This does it in a copy, as adapters/signers/README.md says, and runs there what needs nothing but Python: `make lint`'s
Python checks, the unit tests, the contracts and the demo. Tests of e2e/ and faults/ that need a remote CA speak EST:
they go with EST.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.clone.copying import run
from tests.support import commands

TABLES = [
    "entrypoints/issuer.py",
    "tests/tools/fuzz/targets/__init__.py",
    "tests/tools/fuzz/seeds.py",
    "tests/integration/hostile_ca/test_hostile_ca.py",
]
"""The files with a line for each signer."""


@dataclass(frozen=True)
class Signer:
    """`field` of spec chooses it; `words` are in its lines of the tables; `own` are its tests' folders and files."""

    name: str
    folder: str
    field: str
    words: str
    own: Sequence[str]


EST = Signer(
    "EST",
    "est",
    "est",
    r"\b(EST|est)\b",
    ["tests/unit/adapters/signers/est", "tests/integration/est_ca", "tests/tools/fuzz/targets/est.py"],
)
STEP_CA = Signer(
    "StepCA",
    "step_ca",
    "stepCA",
    r"\b(stepCA|StepCA|STEP_CA|step_ca|step_ca_seeds)\b",
    [
        "tests/unit/adapters/signers/step_ca",
        "tests/integration/step_ca",
        "tests/tools/fuzz/targets/step_ca.py",
        "tests/tools/fuzz/step_ca_seeds.py",
    ],
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return commands.copy(tmp_path)


def remove(copy: Path, signer: Signer) -> None:
    shutil.rmtree(copy / "adapters" / "signers" / signer.folder)
    for own in signer.own:
        path = copy / own
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for corpus in (copy / "tests" / "tools" / "fuzz" / "corpus").glob(f"{signer.folder.split('_')[0]}*"):
        shutil.rmtree(corpus)
    for table in TABLES:
        lines = (copy / table).read_text().splitlines(keepends=True)
        (copy / table).write_text("".join(line for line in lines if not re.search(signer.words, line)))
    _remove_tests(copy, signer)
    _remove_section(copy / "adapters" / "signers" / "README.md", signer)


def _remove_tests(copy: Path, signer: Signer) -> None:
    """Those that import what is gone, or name the signer in an issuer; and those that import one of these."""
    gone = {own.removesuffix(".py").replace("/", ".") for own in signer.own} | {f"adapters.signers.{signer.folder}"}
    named = re.compile(rf"\b{signer.field}=\{{")
    while True:
        imports = re.compile("|".join(rf"{re.escape(module)}\b" for module in sorted(gone)))
        found = [file for file in (copy / "tests").rglob("*.py") if file.name != Path(__file__).name]
        found = [file for file in found if named.search(text := file.read_text()) or imports.search(text)]
        if not found:
            return
        for file in found:
            gone.add(".".join(file.relative_to(copy).with_suffix("").parts))
            file.unlink()


def _remove_section(readme: Path, signer: Signer) -> None:
    text = readme.read_text()
    shorter = re.sub(rf"^## {signer.name}\n.*?(?=^## )", "", text, flags=re.DOTALL | re.MULTILINE)
    assert shorter != text
    lines = [line for line in shorter.splitlines(keepends=True) if f"(#{signer.name.lower()})" not in line]
    readme.write_text("".join(lines))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("signer", [EST, STEP_CA], ids=lambda signer: signer.name)
def test_without_the_signer_nothing_else_breaks(copy: Path, signer: Signer) -> None:
    remove(copy, signer)
    run(copy, "-m", "tests.tools.generate")
    run(copy, "-m", "tests.tools.manifests")
    run(copy, "-m", "ruff", "check", "--quiet", ".")
    run(copy, "-m", "mypy", "domain", "adapters", "entrypoints", "tests")
    run(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    tests = ["tests/unit", "tests/contracts", "tests/tools"]
    run(
        copy,
        "-m",
        "pytest",
        "--quiet",
        "-p",
        "no:cacheprovider",
        *tests,
        "-k",
        "not Kubernetes",  # of the contracts, which need a cluster
    )
    run(copy, "-m", "entrypoints.cli", "demo")
