"""Reading what is against the letter of a standard but is read all the same, without a word on stderr.

Law: a warning of a library is for who writes code with it. It decides nothing here: not what is read, not what a
log shows, not even where Python was told to turn warnings into errors.
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
