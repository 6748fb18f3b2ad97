"""The command line of the tools that write generated files: writes them, or with --check says which differ."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


def write(
    verb: str, description: str | None, outputs: Mapping[str, Callable[[], str]], arguments: Sequence[str], root: Path
) -> int:
    """The exit status. `outputs` has for each file, below `root`, the function that makes its text."""
    parser = argparse.ArgumentParser(prog=f"make {verb}", description=description)
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if a file is not up to date")
    check = parser.parse_args(arguments).check
    status = 0
    for name, make in outputs.items():
        file, text = root / name, make()
        if file.is_file() and file.read_text() == text:
            continue
        if check:
            print(f"{name}: differs from what it is generated from; run: make {verb}", file=sys.stderr)
            status = 1
        else:
            file.write_text(text)
            print(f"Wrote {name}")
    return status
