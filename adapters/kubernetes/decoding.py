"""Decodes JSON of the API server into Structs, whatever its depth.

A user can create an object whose managedFields are nested 10,000 levels deep, the API server's own limit. msgspec stops
at Python's recursion limit and would refuse the whole list. All fields that are read lie within seven levels, so deeper
values are replaced by null. This takes linear time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec

_DEEPEST = 50  # in a page of objects, what is read lies at most seven deep
_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|([\[{])|([\]}])', re.DOTALL)
"""Or a text, in which they mean nothing; one without an end goes to the end, so that nothing is searched twice."""
_Read = TypeVar("_Read")


def decode(body: bytes | msgspec.Raw, kind: type[_Read]) -> _Read:
    """Decodes JSON into `kind`, in linear time. Raises msgspec.MsgspecError or UnicodeError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except RecursionError:
        return msgspec.json.decode(b"".join(_shallow(bytes(body))), type=kind)


def field_error(error: msgspec.ValidationError, where: str = "") -> str:
    """msgspec's 'Object missing required field `url` - at `$.spec`' with the field first, below `where`."""
    text, _, path = str(error).partition(" - at ")
    if path.startswith("`key` in "):
        text, path = f"{text} as a key", path.removeprefix("`key` in ")
    path = ".".join(filter(None, (where, path.strip("`").removeprefix("$").removeprefix("."))))
    named = re.match(r"Object (missing required|contains unknown) field `(.*)`", text)
    if named is None:
        return f"{path}: {text}"
    trouble = "required, but missing" if named[1] == "missing required" else "no such field is known here"
    return f"{path + '.' if path else ''}{named[2]}: {trouble}"


def _shallow(body: bytes) -> Iterator[bytes]:
    """The body with null in place of values that are nested deeper."""
    depth = kept = 0
    for found in _BRACKET.finditer(body):
        if found[1]:
            depth += 1
            if depth == _DEEPEST:
                yield body[kept : found.start()] + b"null"
        elif found[2]:
            if depth == _DEEPEST:
                kept = found.end()
            depth -= 1
    if depth < _DEEPEST:
        yield body[kept:]
