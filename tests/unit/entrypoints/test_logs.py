"""How the log reads, for people and for programs.

One line, whatever it holds; the fields say what the message says, so that both can be searched.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import pytest

from entrypoints.logs import Console, Json

FIELDS = {"object": "CertificateRequest team-a/web", "issuer": "Issuer team-a/ca", "attempt": 2, "duration": 0.25}


def record(message: str = "%s: Issued", *arguments: object, **fields: object) -> logging.LogRecord:
    logger = logging.getLogger("issuer")
    given = logger.makeRecord("issuer", logging.INFO, "", 0, message, arguments, None, extra=fields)
    given.created = 1893553445.678
    return given


def as_json(given: logging.LogRecord) -> dict[str, Any]:
    line = Json().format(given)
    assert "\n" not in line
    read: dict[str, Any] = json.loads(line)
    return read


def test_a_program_reads_message_and_fields() -> None:
    assert as_json(record("%s: Issued", FIELDS["object"], **FIELDS)) == {
        "time": "2030-01-02T03:04:05.678+00:00",
        "level": "info",
        "logger": "issuer",
        "message": "CertificateRequest team-a/web: Issued",
        **FIELDS,
    }


def test_a_program_reads_only_fields_that_are_there() -> None:
    assert as_json(record("stopped", issuer=None)).keys() == {"time", "level", "logger", "message"}


@pytest.mark.parametrize("hostile", ["two\nlines", "\x1b[31mred", "\u2028", '"}, {"message": "forged"}', "\ud800"])
def test_nothing_breaks_a_programs_line(hostile: str) -> None:
    read = as_json(record("%s", hostile, object=hostile))
    assert (read["message"], read["object"]) == (hostile, hostile)
    assert Json().format(record("%s", hostile)).isascii()


def test_a_traceback_is_part_of_its_line() -> None:
    given = record("a bug")
    try:
        raise ValueError("here")
    except ValueError:
        given.exc_info = sys.exc_info()
    assert as_json(given)["exception"].endswith("ValueError: here")


def test_a_person_reads_the_fields_behind_the_message() -> None:
    line = Console().format(record("%s: Issued", FIELDS["object"], reason="Issued", **FIELDS))
    assert line.endswith(
        ' INFO issuer CertificateRequest team-a/web: Issued [issuer="Issuer team-a/ca" attempt=2 duration=0.250]'
    )


def test_a_line_without_fields_ends_with_its_message() -> None:
    assert Console().format(record("stopped", issuer=None)).endswith(" INFO issuer stopped")
