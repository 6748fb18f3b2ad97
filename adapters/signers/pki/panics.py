"""Panics of cryptography's Rust: pyo3 raises them as a BaseException, which no `except Exception` catches.

Law: what panics on hostile bytes costs the request or the issuer that they belong to, and nobody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from domain.errors import SigningError


class Panicked(SigningError):
    """The library broke on what it was given."""


@contextmanager
def contained() -> Iterator[None]:
    """Has a panic raised as Panicked."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # the class cannot be imported: pyo3 makes it when it is needed
            raise
        raise Panicked("cryptography broke on what it was given; the manager's log says where") from None
