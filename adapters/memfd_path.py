"""A path for bytes in memory, for OpenSSL, which loads certificates and keys only from files.

On Linux nothing is written to a disk, so it works on a read-only root file system, and keys leave no trace.
"""

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
