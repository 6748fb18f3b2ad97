"""Files as the system has them: where a library wants a path to what is in memory, and whether a file was replaced."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def memfd_path(content: bytes) -> Iterator[str]:
    """A path under which the bytes are found while the context lasts."""
    with _file() as file:
        file.write(content)
        file.flush()
        file.seek(0)
        yield f"/dev/fd/{file.fileno()}"


def _file() -> BinaryIO:
    """In memory on Linux; else deleted while it is open."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("tls"), "w+b")
    return tempfile.TemporaryFile()  # type: ignore[return-value,unused-ignore]


Stamp = tuple[int, int, int]


def stamp(path: str) -> Stamp | None:
    """Changes when the file does, links followed (kubelets swap links); None where it cannot be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
