"""Formats of the log: console for people, json with one object a line for programs.

Both hold the same. The fields object, issuer, attempt and duration follow the message on the console and are keys in
JSON; a value is never cut and never contains a line break.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_OWN = vars(logging.makeLogRecord({})).keys() | {"message", "asctime", "taskName"}
"""What every record has; the rest are fields."""


def configure(level: str, form: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMS[form]())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for each call otherwise


class Console(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        shown = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items() if name not in _SAID)
        return f"{super().formatMessage(record)} [{shown}]" if shown else super().formatMessage(record)


class Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


_FORMS: dict[str, type[logging.Formatter]] = {"console": Console, "json": Json}
FORMS = tuple(_FORMS)
_SAID = ("object", "reason")
"""With which a message begins anyway."""


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN and value is not None}


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3f}"
    text = str(value)
    return json.dumps(text) if " " in text or not text.isprintable() else text
