"""The command line: python -m tests.tools.release TAG prints the notes of that release, or ends with why there is none.

With --artifacthub after TAG it prints them as the annotation of Chart.yaml that Artifact Hub shows.
It needs Python 3.11 and nothing installed; the release workflow asks it before it builds anything.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

from tests.tools.release.changelog import artifacthub
from tests.tools.release.check import Refused, release_notes

ROOT = Path(__file__).parents[3]


def main(arguments: list[str]) -> None:
    tag, *options = arguments or [""]
    if not tag or options not in ([], ["--artifacthub"]):
        sys.exit("release: name the tag: make release-check TAG=v1.2.3")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    try:
        notes = release_notes(tag, version, (ROOT / "CHANGELOG.md").read_text())
    except Refused as refusal:
        sys.exit(f"release: {refusal}")
    print(artifacthub(notes) if options else notes)


if __name__ == "__main__":
    main(sys.argv[1:])
