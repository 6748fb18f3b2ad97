"""Generated tables of the READMEs: what is committed is what code says, and an edit by hand is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from entrypoints.issuer import NAMES
from tests.tools.generate import ROOT, TABLES, main, with_tables

FILES = list(TABLES)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in FILES:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((ROOT / name).read_text())
    return tmp_path


def test_what_is_committed_is_what_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("deploy/README.md", "`--check-interval`"),
        ("deploy/README.md", "`requests_total`"),
        ("deploy/README.md", "`WaitingForApproval`"),
        ("deploy/README.md", f"`{NAMES.group}/Order`"),
        ("adapters/signers/README.md", "`demo` (default) |"),
        ("deploy/chart/README.md", "`crds.keep`"),
    ],
)
def test_a_table_that_is_edited_by_hand_is_found_and_repaired(
    name: str, cell: str, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = copy / name
    committed = file.read_text()
    (row, *_) = [line for line in committed.splitlines() if line.startswith("|") and cell in line]
    edited = committed.replace(row, row.replace(cell, "`mine` |"))
    file.write_text(edited)
    assert main(["--check"], copy) == 1
    assert capsys.readouterr().err == f"{name}: differs from what it is generated from; run: make generate\n"
    assert file.read_text() == edited, "--check writes nothing"
    assert main([], copy) == 0
    assert file.read_text() == committed
    assert main(["--check"], copy) == 0


def test_a_table_that_is_removed_is_found(copy: Path) -> None:
    file = copy / "deploy/README.md"
    file.write_text(file.read_text().replace("<!-- generated: flags; by make generate -->\n", ""))
    with pytest.raises(SystemExit, match=r"deploy/README\.md: has the markers .* and must have each of .*'flags'"):
        main(["--check"], copy)


def test_text_around_a_table_and_special_letters_are_kept() -> None:
    text = "before\n<!-- generated: a; by make generate -->\nold\n<!-- end -->\nafter\n"
    made = "before\n<!-- generated: a; by make generate -->\n\n| \\1 |\n\n<!-- end -->\nafter\n"
    assert with_tables("x.md", text, {"a": lambda: "| \\1 |\n"}) == made
