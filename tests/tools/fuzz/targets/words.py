"""Text that tenants write and the domain reads."""

from __future__ import annotations

from domain import durations
from tests.tools.fuzz.targets import refusals


def duration(data: bytes) -> bool:
    """durations.parse, and that what it took can be written and read again."""
    try:
        found = durations.parse(data.decode(errors="surrogateescape"))
    except ValueError as error:
        refusals.check(error, ValueError, quotes=True)
        return False
    assert durations.parse(durations.text(found)) == found
    return True
