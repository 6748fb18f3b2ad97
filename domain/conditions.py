"""How a row of the table of reasons becomes a condition or a message, and how a message leads back to its row.

The table is in reasons.py and bundle_reasons.py.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from domain.bundle_reasons import BundleReason
from domain.errors import ClusterError, SigningError
from domain.model import Condition
from domain.reasons import READY, IssuerReason, Reason, RequestReason

Table = type[IssuerReason] | type[BundleReason] | type[RequestReason]
_MESSAGE_LIMIT = 1000  # an Event's note holds 1,024 bytes; a condition says the same words


def ready_condition(
    news: Reason,
    message: str,
    now: datetime,
    previous: Condition | None,
    observed_generation: int | None = None,
) -> Condition:
    """The Ready condition that says this; returns `previous` itself where it says so already.

    lastTransitionTime moves only with the status (Kubernetes API conventions, "Typical status properties").
    """
    if news.ready is None:
        raise ValueError(f"{news.reason} is written as an Event alone: it has no Ready status")
    condition = Condition(READY, news.ready, news.reason, message, now, observed_generation)
    return set_condition(previous, condition)


def set_condition(previous: Condition | None, condition: Condition) -> Condition:
    """`condition`, with the transition time of `previous` where the status did not change."""
    if previous is None or previous.status != condition.status:
        return condition
    condition = replace(condition, since=previous.since)
    return previous if condition == previous else condition


def message(news: Reason, **words: str) -> str:
    """The row's message with its words put in, on one line, cut to what an Event can hold."""
    text = news.message.format(**words).encode(errors="replace").decode()  # a lone surrogate is no UTF-8
    text = printable(text)
    if len(text.encode()) <= _MESSAGE_LIMIT:
        return text
    return text.encode()[: _MESSAGE_LIMIT - 3].decode(errors="ignore") + "…"


def printable(text: str) -> str:
    """The text on one line, with every other control character escaped too: so it can forge no line of a log."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def explain(error: BaseException) -> str:
    """What may be shown of an error: its message where it was written to be shown, else only its class."""
    if isinstance(error, SigningError | ClusterError):
        return str(error)
    return f"unexpected {type(error).__name__} in the signer (the manager's log says where)"


def rows(table: Table, reason: str) -> list[Reason]:
    """All rows of this reason."""
    return [each.value for each in table if each.value.reason == reason]


def row(table: Table, reason: str, message: str) -> Reason | None:
    """The row that this message was made from; None if there is none."""
    return next((each for each in rows(table, reason) if _is_made_from(each.message, message)), None)


def _is_made_from(template: str, message: str) -> bool:
    pattern = ".*".join(map(re.escape, re.split(r"\{\w+\}", template)))
    return re.fullmatch(pattern, message, re.DOTALL) is not None
