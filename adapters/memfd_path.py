"""Files without a name, for OpenSSL, which takes certificates and keys from files alone.

Law: what stands in them touches no disk where the system can do without: the root file system may be read-only.
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
