"""Reads files of objects as kubectl takes and prints them: YAML or JSON, several documents, Lists.

What cannot be read is BadManifest, one line that says where.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml


class BadManifest(Exception):
    """A file that cannot be used; the message names file, object and field."""


def objects_in(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a file, as `objects` has them."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise _unreadable(str(file), error) from error
    return objects(str(file), content)


def objects(source: str, content: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object after words for where it is; each has a kind. In place of a List, its items."""
    for number, document in enumerate(_documents(source, content), 1):
        where = f"{source}, document {number}"
        if not isinstance(document, dict) or document.get("kind") != "List":
            if document is not None:
                yield where, _object(where, document)
            continue
        items = document.get("items")
        if not isinstance(items, list):
            raise BadManifest(f"{where}, List: items: want a list of objects")
        for place, item in enumerate(items, 1):
            at = f"{where}, item {place}"
            yield at, _object(at, item)


def _object(where: str, content: Any) -> dict[str, Any]:
    if not isinstance(content, dict) or not isinstance(content.get("kind"), str):
        raise BadManifest(f"{where}: kind: missing; a manifest has apiVersion, kind, metadata and spec")
    return content


def _documents(source: str, content: bytes) -> list[Any]:
    try:
        return list(yaml.safe_load_all(content))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadManifest(f"{source}, line {line}: not YAML: {error.problem}") from error
    except RecursionError:
        raise BadManifest(f"{source}: cannot be read: its lists and mappings are nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no text, or no such date
        raise _unreadable(source, error) from error


def _unreadable(source: str, error: Exception) -> BadManifest:
    return BadManifest(f"{source}: cannot be read: {' '.join(str(error).split())}")
