"""Suppresses the parser's warnings about certificates that are readable though not to the letter of a standard.

Users cannot act on them, and under `-W error` they would become exceptions.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_ONE_AT_A_TIME = threading.Lock()
"""Of two threads at once, catch_warnings would leave the wrong filters behind."""


@contextmanager
def quiet() -> Iterator[None]:
    """Ignores warnings; for a few lines that do not block, since they hold up every other thread that reads."""
    with _ONE_AT_A_TIME, warnings.catch_warnings(action="ignore"):
        yield
