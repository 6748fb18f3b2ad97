"""README.md, as far as tests hold it: what it has people type, and where it sends them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text()
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def section(heading: str) -> str:
    """What stands under this heading, subsections included."""
    hashes = heading.partition(" ")[0]
    _, _, rest = TEXT.partition(f"\n{heading}\n")
    if not rest:
        raise KeyError(heading)
    return re.split(rf"^#{{1,{len(hashes)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def blocks(text: str) -> list[list[str]]:
    """The commands of each console block, those that go over several lines as one; not what they print."""
    return [_commands(block) for block in _BLOCK.findall(text)]


def _commands(block: str) -> list[str]:
    lines = block.replace("\\\n", "").splitlines()
    shown = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return shown or [line for line in lines if line]
