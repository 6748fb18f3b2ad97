"""What a tutorial in Markdown tells its reader to do, read from its fenced blocks. Every block is one of these:

- ```console holds commands, each after "$ " (a backslash at its end continues it), and after each what it prints.
  The output is all of it; "..." alone in a line is any lines, and within a line any text. No output shown: any.
  A command that ends with " &" goes on running; its output is what it comes to print.
- A block after a line that ends with a file's path, as in "`deploy/ca.yaml`:", is the content of that file.
- ```diff after such a line changes the file: what its lines with " " and "-" say becomes what " " and "+" say.
- A block after "<!-- not run: reason -->" is for the reader alone.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

_FENCE = re.compile(r"^ *```(\w*) *$")
_PATH = re.compile(r"`([\w./-]+)`:$")
_NOT_RUN = re.compile(r"^<!-- not run: .+ -->$")


class NotATutorial(Exception):
    """A block that is none of those above; the message says in which line."""


@dataclass(frozen=True, slots=True)
class Command:
    """`line` is where it stands in the tutorial, counted from 1; `output` holds the shown lines."""

    line: int
    text: str
    output: tuple[str, ...]

    @property
    def in_background(self) -> bool:
        return self.text.endswith(" &")


@dataclass(frozen=True, slots=True)
class WriteFile:
    line: int
    path: str
    content: str


@dataclass(frozen=True, slots=True)
class ChangeFile:
    line: int
    path: str
    before: str
    after: str


Step = Command | WriteFile | ChangeFile


@dataclass(frozen=True, slots=True)
class _Block:
    """`intro` is the last line with text before it, `line` where its content begins."""

    line: int
    language: str
    intro: str
    content: str


def steps(markdown: str) -> list[Step]:
    """In the order of the text. Raises NotATutorial."""
    return [step for block in _blocks(markdown) for step in _steps(block)]


def _blocks(markdown: str) -> Iterator[_Block]:
    lines = iter(enumerate(markdown.splitlines(), 1))
    intro = ""
    for number, line in lines:
        if fence := _FENCE.match(line):
            content = _until_fence(number, lines)
            yield _Block(number + 1, fence[1], intro, content)
            intro = ""
        elif line.strip():
            intro = line.strip()


def _until_fence(opened: int, lines: Iterator[tuple[int, str]]) -> str:
    content: list[str] = []
    for _, line in lines:
        if line.strip() == "```":
            return textwrap.dedent("".join(content))
        content.append(f"{line}\n")
    raise NotATutorial(f"line {opened}: this block has no end")


def _steps(block: _Block) -> list[Step]:
    if _NOT_RUN.match(block.intro):
        return []
    if block.language == "console":
        return list(_commands(block))
    named = _PATH.search(block.intro)
    if not named:
        raise NotATutorial(
            f"line {block.line - 1}: this block is no ```console, and the line before it names no file; "
            "if it is for the reader alone, put <!-- not run: reason --> before it"
        )
    if block.language == "diff":
        return [ChangeFile(block.line, named[1], _side(block, " -"), _side(block, " +"))]
    return [WriteFile(block.line, named[1], block.content)]


def _commands(block: _Block) -> Iterator[Command]:
    lines = block.content.splitlines()
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    if not starts or starts[0] != 0:
        raise NotATutorial(f'line {block.line}: a console block begins with a command, after "$ "')
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        stop = start
        while lines[stop].endswith("\\"):
            stop += 1
        text = "\n".join(lines[start : stop + 1]).removeprefix("$ ")
        yield Command(block.line + start, text, tuple(lines[stop + 1 : end]))


def _side(block: _Block, marks: str) -> str:
    """The lines with one of the two marks, without it."""
    lines = block.content.splitlines()
    if any(line[:1] not in (" ", "+", "-", "") for line in lines):
        raise NotATutorial(f'line {block.line}: lines of a diff begin with " ", "+" or "-"')
    return "".join(f"{line[1:]}\n" for line in lines if (line[:1] or " ") in marks)


def pattern(output: tuple[str, ...]) -> re.Pattern[str]:
    """Matches what a command may print where the tutorial shows this."""
    return re.compile("".join(_line_pattern(line.rstrip()) for line in output))


def _line_pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return re.escape(line).replace(r"\.\.\.", ".*") + r"\n"
