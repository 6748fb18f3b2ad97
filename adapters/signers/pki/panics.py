"""Turns panics of cryptography's Rust code into exceptions.

pyo3 raises them as a BaseException, which `except Exception` does not catch; a CSR that causes one must fail only
its own request.
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
