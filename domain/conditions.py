"""The table of reasons: every reason and message of a Ready condition or an Event, and how they become conditions.

Conditions, Events and the list of reasons in deploy/README.md all come from this table. The only other texts for users
are messages of exceptions, which take the place of `{why}`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from domain.errors import ClusterError, SigningError
from domain.model import Condition

NORMAL, WARNING = "Normal", "Warning"
_MESSAGE_LIMIT = 1000  # an Event's note holds 1,024 bytes; a condition says the same words

READY, FAILED, ORDER = "Ready", "Failed", "Order"
CONDITION_TYPES = {
    READY: "an issuer or a CertificateRequest: its state, with a reason of the tables below",
    FAILED: "a CertificateSigningRequest: it will never be signed, with a reason of the tables below",
    ORDER: "a request: the CA has taken the order and answers later; do not edit this condition",
}
"""The condition types that this controller writes, and what each says. ORDER follows the API group and a slash."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One row: the reason, the status that Ready gets (None: Ready never says it), the Event's type and message."""

    reason: str
    ready: str | None
    event_type: str
    message: str


STATUS_REFUSED = "Admission refused to store the status of this object; the write will be repeated: {why}"


class IssuerReason(Enum):
    FIRST_SEEN = Reason("Initializing", "Unknown", NORMAL, "First seen")
    CHECKED = Reason("Checked", "True", NORMAL, "Success")
    CHECKED_WITH_WARNINGS = Reason("Checked", "True", WARNING, "Success, with warnings: {why}")
    CHECK_FAILED = Reason("Pending", "False", WARNING, "Temporary error. Retrying: {why}")
    BROKEN = Reason("Failed", "False", WARNING, "Not retried until the spec or the Secret changes: {why}")
    REFUSED = Reason("StatusRefused", None, WARNING, STATUS_REFUSED)


class RequestReason(Enum):
    UNAPPROVED = Reason("WaitingForApproval", None, NORMAL, "Not signed before it is approved: {why}")
    DENIED = Reason("Denied", "False", WARNING, "The request was denied by an approver")
    UNSERVED = Reason("Pending", "False", WARNING, "No issuer can sign this request: {why}")
    WAITING = Reason("Pending", "False", NORMAL, "Waiting for the issuer: {why}")
    ORDERED = Reason("Pending", "False", NORMAL, "The CA has not answered yet: {why}")
    RETRYING = Reason("Pending", "False", WARNING, "Temporary error. Retrying: {why}")
    MAY_NOT_REFERENCE = Reason("DeniedReference", None, WARNING, "The requester may not use the issuer: {why}")
    REJECTED = Reason("Failed", "False", WARNING, "The request cannot be signed: {why}")
    GIVEN_UP = Reason("Failed", "False", WARNING, "Given up after retrying for {retried}: {why}")
    WRONG_TWICE = Reason(
        "Failed",
        "False",
        WARNING,
        "The CA answered twice with the same difference; asking again would only make more certificates: {why}",
    )
    ISSUED = Reason("Issued", "True", NORMAL, "Signed")
    REFUSED = Reason("StatusRefused", None, WARNING, STATUS_REFUSED)


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
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)  # nor may it forge a line
    if len(text.encode()) <= _MESSAGE_LIMIT:
        return text
    return text.encode()[: _MESSAGE_LIMIT - 3].decode(errors="ignore") + "…"


def explain(error: BaseException) -> str:
    """What may be shown of an error: its message where it was written to be shown, else only its class."""
    if isinstance(error, SigningError | ClusterError):
        return str(error)
    return f"unexpected {type(error).__name__} in the signer (the manager's log says where)"
