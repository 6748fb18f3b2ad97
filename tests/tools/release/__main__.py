"""The command line: python -m tests.tools.release TAG prints the notes of that release, or ends with why there is none.

It needs Python 3.11 and nothing installed; the release workflow asks it before it builds anything.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from tests.tools.release.check import Refused, release_notes

ROOT = Path(__file__).parents[3]


def main(arguments: list[str]) -> None:
    if len(arguments) != 1 or not arguments[0]:
        sys.exit("release: name the tag: make release-check TAG=v1.2.3")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    try:
        print(release_notes(arguments[0], version, (ROOT / "CHANGELOG.md").read_text()))
    except Refused as refusal:
        sys.exit(f"release: {refusal}")


if __name__ == "__main__":
    main(sys.argv[1:])
