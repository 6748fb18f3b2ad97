"""Tells whether a file was replaced, without reading it."""

from __future__ import annotations

import os

Stamp = tuple[int, int, int]


def stamp(path: str) -> Stamp | None:
    """Changes when the file does, links followed (kubelets swap links); None where it cannot be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
