"""The words in which the Meter is told what came of something: few, and known beforehand.

Law: what counters are split by comes from here or names a kind, never an object or a person's text.
"""

from __future__ import annotations

from enum import Enum

from domain.conditions import RequestNews
from domain.effects import RequestStatus, SigningRequestStatus, Status
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import CheckResult, Condition, Issued, Pending, Request


class Answer(Enum):
    """How a request ended."""

    ISSUED = "issued"
    FAILED = "failed"
    DENIED = "denied"


class Signing(Enum):
    """What a signer made of one order."""

    ISSUED = "issued"
    PENDING = "pending"
    REJECTED = "rejected"
    UNHEALTHY = "unhealthy"
    ERROR = "error"


class Checking(Enum):
    """What came of one check of an issuer."""

    PASSED = "passed"
    UNHEALTHY = "unhealthy"
    FAILED = "failed"
    ERROR = "error"


class Restart(Enum):
    """Why a watch began anew: the server ended it in time, its version was too old, or something failed."""

    ENDED = "ended"
    GONE = "gone"
    FAILED = "failed"


_ANSWERS = {
    RequestNews.ISSUED.value.reason: Answer.ISSUED,
    RequestNews.REJECTED.value.reason: Answer.FAILED,
    RequestNews.DENIED.value.reason: Answer.DENIED,
}


def answer(status: Status) -> Answer | None:
    """How the request of this status has ended; None where it has not, and for issuers."""
    match status:
        case RequestStatus():
            return _ANSWERS.get(status.ready.reason)
        case SigningRequestStatus(certificate=bytes()):
            return Answer.ISSUED
        case SigningRequestStatus() if status.failed:
            return Answer.FAILED
    return None


def shows(request: Request, status: Status) -> bool:
    """Whether the request has the answer of this status, as far as the watch tells: its bytes are not kept.

    The time of a condition is left out, for a repeated write has another.
    """
    match status:
        case RequestStatus(ready=wrote):
            held = request.ready
            return held is not None and _words(held) == _words(wrote)
        case SigningRequestStatus(certificate=bytes()):
            return request.has_certificate
        case SigningRequestStatus() if status.failed:
            return request.failed
    return False


def _words(condition: Condition) -> tuple[str, str, str]:
    return condition.status, condition.reason, condition.message


def checking(outcome: CheckResult | Exception) -> Checking:
    """What the check returned, or what it raised, comes to."""
    match outcome:
        case CheckResult():
            return Checking.PASSED
        case IssuerFailed():
            return Checking.FAILED
        case IssuerUnhealthy():
            return Checking.UNHEALTHY
    return Checking.ERROR


def signing(outcome: Issued | Pending | Exception) -> Signing:
    """What the signer's answer, or what it raised, comes to."""
    match outcome:
        case Issued():
            return Signing.ISSUED
        case Pending():
            return Signing.PENDING
        case RequestRejected():
            return Signing.REJECTED
        case IssuerUnhealthy():
            return Signing.UNHEALTHY
    return Signing.ERROR
