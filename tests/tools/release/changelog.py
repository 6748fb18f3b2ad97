"""CHANGELOG.md in the form of Keep a Changelog 1.1.0, read strictly.

Standard library only, since a release is checked before anything is installed. What the form does not allow is
refused with the heading that broke it; the versions are plain ones, X.Y.Z, which Python, Helm and SemVer read alike.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

UNRELEASED = "Unreleased"
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
KINDS = frozenset({"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"})
_HEADING = re.compile(r"## \[(?P<title>[^]]+)](?: - (?P<day>\d{4}-\d\d-\d\d))?")
_LINK_REFERENCE = re.compile(r"^\[[^]]+]: .*\n?", re.MULTILINE)


class BadChangelog(Exception):
    """The file is not in the form; the message names the heading."""


@dataclass(frozen=True, slots=True)
class Section:
    """What one heading of the second level holds. `day` is None for Unreleased alone."""

    title: str
    day: date | None
    text: str


def sections(changelog: str) -> list[Section]:
    """Unreleased, then the releases, newest first. Raises BadChangelog."""
    pieces = re.split(r"^(?=## )", _LINK_REFERENCE.sub("", changelog), flags=re.MULTILINE)[1:]
    found = [_section(*piece.partition("\n")[::2]) for piece in pieces]
    if not found or found[0].title != UNRELEASED:
        raise BadChangelog(f"the first heading must be '## [{UNRELEASED}]'")
    _check_order(found[1:])
    return found


def artifacthub(notes: str) -> str:
    """The entries of a release as the annotation artifacthub.io/changes, in YAML that stands below `annotations:`."""
    lines = ["  artifacthub.io/changes: |"]
    for part in re.split(r"^### ", notes, flags=re.MULTILINE)[1:]:
        kind, _, text = part.partition("\n")
        for entry in re.split(r"^- ", text, flags=re.MULTILINE)[1:]:
            lines += [f"    - kind: {kind.lower()}", f"      description: {json.dumps(' '.join(entry.split()))}"]
    return "\n".join(lines)


def number(version: str) -> tuple[int, ...]:
    """X.Y.Z in its order; raises ValueError for any other form."""
    if not VERSION.fullmatch(version):
        raise ValueError(f"{version!r} is not of the form X.Y.Z")
    return tuple(int(part) for part in version.split("."))


def _section(heading: str, text: str) -> Section:
    parts = _HEADING.fullmatch(heading)
    if parts is None:
        raise BadChangelog(f"'{heading}' must be '## [{UNRELEASED}]' or '## [X.Y.Z] - YYYY-MM-DD'")
    title, day = parts["title"], parts["day"]
    if (title == UNRELEASED) != (day is None) or not (title == UNRELEASED or VERSION.fullmatch(title)):
        raise BadChangelog(f"'{heading}': a release is X.Y.Z and has its day, {UNRELEASED} has none")
    _check_kinds(heading, text)
    return Section(title, _day(heading, day), text.strip())


def _day(heading: str, day: str | None) -> date | None:
    try:
        return date.fromisoformat(day) if day else None
    except ValueError as error:
        raise BadChangelog(f"'{heading}': {error}") from None


def _check_kinds(heading: str, text: str) -> None:
    strange = set(re.findall(r"^### (.*)", text, re.MULTILINE)) - KINDS
    if strange:
        raise BadChangelog(f"'{heading}': '### {min(strange)}' is none of {', '.join(sorted(KINDS))}")


def _check_order(releases: list[Section]) -> None:
    for newer, older in pairwise(releases):
        if newer.title == UNRELEASED or older.title == UNRELEASED or number(newer.title) <= number(older.title):
            raise BadChangelog(
                f"'## [{older.title}]' must not come after '## [{newer.title}]': newest first, each once"
            )
        if newer.day and older.day and newer.day < older.day:
            raise BadChangelog(f"'## [{newer.title}]' must not be older than '## [{older.title}]'")
