"""A tutorial is read block by block; what is no step of it is an error that names the line."""

from __future__ import annotations

import pytest

from tests.support.tutorial.steps import ChangeFile, Command, NotATutorial, WriteFile, pattern, steps

CONSOLE = """# Title

```console
$ make demo
Name:  a
...
$ kubectl wait \\
    --for=condition=Ready issuer/a
$ make run &
Ready
```
"""
FILES = """Write `deploy/ca.yaml`:

```yaml
a:
  b: 1
```

1. Add a line to `issuer.py`:

   ```diff
    first = 1
   -second = 2
   +second = 3
   +third = 4
   ```
"""


def test_commands_have_the_lines_of_the_file_and_what_they_print() -> None:
    assert steps(CONSOLE) == [
        Command(4, "make demo", ("Name:  a", "...")),
        Command(7, "kubectl wait \\\n    --for=condition=Ready issuer/a", ()),
        Command(9, "make run &", ("Ready",)),
    ]


def test_a_command_that_ends_with_an_ampersand_goes_on_running() -> None:
    assert [step.in_background for step in steps(CONSOLE) if isinstance(step, Command)] == [False, False, True]


def test_files_are_written_and_changed() -> None:
    assert steps(FILES) == [
        WriteFile(4, "deploy/ca.yaml", "a:\n  b: 1\n"),
        ChangeFile(11, "issuer.py", "first = 1\nsecond = 2\n", "first = 1\nsecond = 3\nthird = 4\n"),
    ]


def test_an_empty_line_of_a_diff_is_in_both_texts() -> None:
    [step] = steps("`a.py`:\n```diff\n a\n\n+b\n```\n")

    assert step == ChangeFile(3, "a.py", "a\n\n", "a\n\nb\n")


def test_a_block_that_is_not_run_says_why() -> None:
    assert steps("<!-- not run: it needs Docker -->\n```console\n$ make docker-build\n```\n") == []


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        ("a\n```text\nshown\n```\n", "line 2: this block is no ```console"),
        ("<!-- not run: -->\n```text\nshown\n```\n", "line 2: this block is no ```console"),
        ("`a.py`: and more\n```python\nx\n```\n", "line 2: this block is no ```console"),
        ("```console\nmake demo\n```\n", "line 2: a console block begins with a command"),
        ("```console\n```\n", "line 2: a console block begins with a command"),
        ("\n```console\n$ make demo\n", "line 2: this block has no end"),
        ("`a.py`:\n```diff\n@@ 1 @@\n```\n", "line 3: lines of a diff begin with"),
    ],
)
def test_a_block_that_cannot_be_run_is_an_error(markdown: str, said: str) -> None:
    with pytest.raises(NotATutorial, match=f"^{said}"):
        steps(markdown)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("a", "a\n"),
        ("a ...", "a 12s\n"),
        ("...\nb\n...", "b\n"),
        ("...\nb\n...", "a\na\nb\nc\n"),
        ("a[0].b", "a[0].b\n"),
        ("a ... c", "a  c\n"),
    ],
)
def test_output_that_is_as_shown(shown: str, printed: str) -> None:
    assert pattern(tuple(shown.split("\n"))).fullmatch(printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [("a", "a\nb\n"), ("a", "ab\n"), ("a\n...", "b\na\n"), ("a ...", "a\n"), ("a.b", "axb\n"), ("...\nb", "b\nc\n")],
)
def test_output_that_is_other_than_shown(shown: str, printed: str) -> None:
    assert not pattern(tuple(shown.split("\n"))).fullmatch(printed)
