"""The READMEs, as far as tests hold them: what they tell people to type, and where they send them.

A file is named by its path from the top of the repository, such as "deploy/README.md".
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        *(ROOT / ".github").glob("*.md"),
        *(
            found
            for folder in _FOLDERS
            for name in ("README.md", "TUTORIAL.md", "COMPARISON.md", "NEIGHBOURS.md", "PODS.md")
            for found in folder.rglob(name)
        ),
    )
)
"""Every README, the other documents beside one, and those for contributors."""

_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)


def text(file: str) -> str:
    return (ROOT / file).read_text()


def prose(file: str) -> str:
    """The text without its blocks of code."""
    return _FENCED.sub("", text(file))


def section(file: str, heading: str) -> str:
    """What stands under this heading, subsections included. Raises KeyError if the file has no such heading."""
    hashes = heading.partition(" ")[0]
    _, _, rest = text(file).partition(f"\n{heading}\n")
    if not rest:
        raise KeyError(f"{file} has no heading {heading!r}")
    return re.split(rf"^#{{1,{len(hashes)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(markdown: str) -> list[str]:
    """The lines of all tables."""
    return [line for line in markdown.splitlines() if line.startswith("|")]


def blocks(markdown: str) -> list[list[str]]:
    """The commands of each console block, those that go over several lines as one; not what they print."""
    return [_commands(block) for block in _CONSOLE.findall(markdown)]


def python(file: str, heading: str) -> str:
    """The one block of Python under this heading."""
    [code] = re.findall(r"^```python\n(.*?)^```$", section(file, heading), re.MULTILINE | re.DOTALL)
    return str(code)


def yaml(file: str, heading: str) -> list[str]:
    """Each block of YAML under this heading."""
    return re.findall(r"^```yaml\n(.*?)^```$", section(file, heading), re.MULTILINE | re.DOTALL)


def links(file: str) -> list[str]:
    """The target of each link."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(file))


def anchors(file: str) -> list[str]:
    """The anchor of each heading, as GitHub makes it."""
    headings = re.findall(r"^#+ (.*)$", prose(file), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def _commands(block: str) -> list[str]:
    lines = block.replace("\\\n", "").splitlines()
    shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return shown or [line for line in lines if line]
