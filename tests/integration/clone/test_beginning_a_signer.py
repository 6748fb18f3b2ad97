"""make signer and make signer-default, in a copy: what they write is sound, and says what to fill."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.integration.clone.copying import run
from tests.support import commands
from tests.tools.signer import main

NAME, SUITE = "acme_ca", "tests/contracts/test_signers_acme_ca.py"


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = commands.copy(tmp_path_factory.mktemp("copy"))
    assert main([], {"SIGNER_NAME": NAME}, copy) == 0
    return copy


def said_by(copy: Path, *command: str) -> str:
    done = subprocess.run([sys.executable, *command], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    return done.stdout


def test_what_is_written_passes_lint(begun: Path) -> None:
    written = ["adapters/signers/acme_ca", SUITE, "entrypoints", "tests/tools"]
    run(begun, "-m", "ruff", "check", "--quiet", ".")
    run(begun, "-m", "ruff", "format", "--check", "--quiet", ".")
    run(begun, "-m", "mypy", *written)
    run(begun, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")
    run(begun, "-m", "tests.tools.generate", "--check")
    run(begun, "-m", "tests.tools.manifests", "--check")


def test_readmes_crds_and_architecture_know_it(begun: Path) -> None:
    run(
        begun,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/unit/test_readme.py",
        "tests/unit/test_architecture.py",
    )
    assert "acmeCa:\n" in (begun / "deploy/crd/issuers.yaml").read_text()
    readme = (begun / "adapters/signers/README.md").read_text()
    assert "| `acmeCa: {…}` | the CA at `spec.url` | see [AcmeCa](#acmeca) |\n\n" in readme
    assert readme.index("## AcmeCa\n") < readme.index("## What is read in a request\n")


def test_its_suite_fails_and_says_what_to_fill(begun: Path) -> None:
    said = said_by(begun, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--exitfirst", SUITE)
    assert "the signer acme_ca is not written yet: fill " in said
    assert "in adapters/signers/acme_ca/signer.py" in said


def test_the_demo_says_what_to_fill(begun: Path, tmp_path: Path) -> None:
    sample = (begun / "deploy/samples/issuer.yaml").read_text()
    issuer = tmp_path / "issuer.yaml"
    issuer.write_text(sample.replace("  authSecretName:", "  acmeCa: {}\n  authSecretName:"))
    said = said_by(begun, "-m", "entrypoints.cli", "demo", str(issuer))
    assert "Failed: " in said
    assert "fill check in adapters/signers/acme_ca/signer.py" in said


def test_a_new_field_is_one_edit(begun: Path, tmp_path: Path) -> None:
    signer = begun / "adapters/signers/acme_ca/signer.py"
    field = '    attempts: Annotated[int, described("How often the CA is asked.", ge=1, le=9)] = 3\n'
    signer.write_text(signer.read_text().replace("    profile: Annotated", f"{field}    profile: Annotated"))
    run(begun, "-m", "tests.tools.generate")
    run(begun, "-m", "tests.tools.manifests")

    for kind in ("issuers", "cluster-issuers"):
        [crd] = yaml.safe_load_all((begun / f"deploy/crd/{kind}.yaml").read_text())
        [version] = crd["spec"]["versions"]
        spec = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["acmeCa"]["properties"]
        assert spec["attempts"] == {
            "description": "How often the CA is asked.",
            "type": "integer",
            "default": 3,
            "minimum": 1,
            "maximum": 9,
        }
    assert "`attempts`, `profile`" in (begun / "adapters/signers/README.md").read_text()
    sample = (begun / "deploy/samples/issuer.yaml").read_text()
    issuer = tmp_path / "issuer.yaml"
    issuer.write_text(sample.replace("  authSecretName:", "  acmeCa: {attempts: 10}\n  authSecretName:"))
    with pytest.raises(AssertionError, match=r"spec\.acmeCa\.attempts: Expected `int` <= 9"):
        run(begun, "-m", "entrypoints.cli", "demo", str(issuer))


def test_it_becomes_the_default(begun: Path) -> None:
    assert main(["default"], {"SIGNER_NAME": NAME}, begun) == 0
    assert 'default_signer="acmeCa"' in (begun / "entrypoints/issuer.py").read_text()
    assert "`acmeCa` (default)" in (begun / "adapters/signers/README.md").read_text()
    run(begun, "-m", "tests.tools.manifests", "--check")


@pytest.mark.parametrize(
    ("arguments", "name", "said"),
    [
        ([], "", "NAME='' is no name for a signer: small letters and digits"),
        ([], "Acme", "NAME='Acme' is no name for a signer"),
        ([], "../x", "NAME='../x' is no name for a signer"),
        ([], "class", "NAME='class' is no name for a signer"),
        ([], "a\nb", r"NAME='a\nb' is no name for a signer"),
        ([], "x" * 31, "is no name for a signer"),
        ([], "ca", "NAME='ca' is taken"),
        ([], "http", "NAME='http' is taken"),
        ([], "url", "NAME='url' is taken"),
        (["default"], "nobody", "NAME='nobody' is no signer of entrypoints/issuer.py, which has demo, ca"),
        (["default"], "", "NAME='' is no signer"),
    ],
)
def test_a_wrong_name_is_refused_in_one_line(
    arguments: list[str], name: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = commands.run("git", "status", "--porcelain", directory=commands.REPOSITORY)
    assert main(arguments, {"SIGNER_NAME": name}) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"make signer{'-default' if arguments else ''}: ")
    assert said in line
    assert commands.run("git", "status", "--porcelain", directory=commands.REPOSITORY) == before
