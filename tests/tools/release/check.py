"""Whether a tag may be released: the version of pyproject.toml, the tag and CHANGELOG.md say the same.

Pure, and all refusals are one exception whose message says what to mend.
"""

from __future__ import annotations

from tests.tools.release.changelog import UNRELEASED, BadChangelog, Section, number, sections


class Refused(Exception):
    """This tag must not be released; the message says why."""


def release_notes(tag: str, version: str, changelog: str) -> str:
    """The notes of the release that this tag makes. Raises Refused."""
    if tag != f"v{version}":
        raise Refused(f"the tag {tag!r} is not 'v{version}', the version of pyproject.toml")
    unreleased, *releases = _sections(changelog)
    check_version(version, [unreleased, *releases])
    if not releases or releases[0].title != version:
        raise Refused(f"CHANGELOG.md has no '## [{version}] - YYYY-MM-DD' at the top of its releases")
    if unreleased.text:
        raise Refused(f"CHANGELOG.md still has entries under [{UNRELEASED}]: the tag would release them untold")
    if not releases[0].text:
        raise Refused(f"CHANGELOG.md says nothing under [{version}]")
    return releases[0].text


def check_version(version: str, changelog: list[Section]) -> None:
    """That pyproject.toml is at the newest release or ahead of it, and X.Y.Z. Raises Refused."""
    try:
        here = number(version)
    except ValueError as error:
        raise Refused(f"the version of pyproject.toml: {error}") from None
    newest = next((section.title for section in changelog if section.day), None)
    if newest is not None and here < number(newest):
        raise Refused(f"pyproject.toml is at {version}, but CHANGELOG.md has released {newest}")


def _sections(changelog: str) -> list[Section]:
    try:
        return sections(changelog)
    except BadChangelog as error:
        raise Refused(f"CHANGELOG.md: {error}") from None
