"""A signer of one's own is a folder, a line and a suite: the READMEs' example is added to a copy, and the checks run.

What holds for the signers here, by import-linter, mypy and tests, must hold for it too, without a change to them.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

import pytest

from tests.integration.clone.copying import INSTALLED, run
from tests.support import commands, readme

SIGNER = readme.python("adapters/signers/README.md", "## Write a signer with a blocking SDK")
SUITE = readme.python("tests/README.md", "## Test your own signer")
[TYPES] = re.findall(r"^ *```toml\n(.*?)^ *```$", readme.text("adapters/signers/README.md"), re.MULTILINE | re.DOTALL)
LINES = {
    "entrypoints/issuer.py": [
        ("from adapters.signers.step_ca", "from adapters.signers.mine.signer import Mine\n"),
        ('        "demo": Demo(', '        "mine": Mine(),\n'),
    ],
    "pyproject.toml": [
        ('    "msgspec", "prometheus_client", "yaml",\n', '    "mine_sdk",\n'),
        ("[tool.pytest.ini_options]\n", textwrap.dedent(TYPES)),
    ],
}
"""What is inserted before what."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copied = commands.copy(tmp_path_factory.mktemp("copy"))
    folder = copied / "adapters" / "signers" / "mine"
    folder.mkdir()
    (copied / INSTALLED).mkdir()
    (folder / "__init__.py").touch()
    (folder / "signer.py").write_text(SIGNER)
    (copied / "tests" / "contracts" / "test_mine.py").write_text(SUITE)
    shutil.copy(Path(__file__).with_name("mine_sdk.py"), copied / INSTALLED)
    for file, inserted in LINES.items():
        for before, line in inserted:
            text = (copied / file).read_text()
            assert text.count(before) == 1, before
            (copied / file).write_text(text.replace(before, line + before))
    run(copied, "-m", "tests.tools.generate")
    run(copied, "-m", "tests.tools.manifests")
    return copied


@pytest.mark.timeout(600)
def test_it_passes_lint(copy: Path) -> None:
    run(copy, "-m", "ruff", "check", "--quiet", ".")
    run(copy, "-m", "ruff", "format", "--check", "--quiet", ".")
    run(copy, "-m", "mypy", "domain", "adapters", "entrypoints", "tests")
    run(copy, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    run(copy, "-m", "tests.tools.generate", "--check")


def test_it_passes_the_contract(copy: Path) -> None:
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contracts/test_mine.py")

    assert "its `honours` lacks USAGES, DURATION, IS_CA, NAME_CONSTRAINTS" in said
    assert "skipped" not in said


@pytest.mark.timeout(600)
def test_it_passes_what_holds_for_every_signer(copy: Path) -> None:
    run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit", "tests/tools")
