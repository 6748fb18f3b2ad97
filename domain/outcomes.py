"""Outcomes of requests, signatures, checks, reconciles and watches, as the port Metrics counts them.

They are label values of metrics: few, fixed, and never an object's name or a user's text.
"""

from __future__ import annotations

from enum import Enum

from domain.effects import PodCertificateStatus, RequestStatus, Result, SigningRequestStatus, Status
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected
from domain.model import CheckResult, Condition, Issued, Pending, Request
from domain.reasons import DENIED, FAILED, ISSUED, RequestReason


class RequestOutcome(Enum):
    """How a request ended."""

    ISSUED = "issued"
    FAILED = "failed"
    DENIED = "denied"


class SignOutcome(Enum):
    """What a signer made of one order."""

    ISSUED = "issued"
    PENDING = "pending"
    REJECTED = "rejected"
    UNHEALTHY = "unhealthy"
    ERROR = "error"


class CheckOutcome(Enum):
    """What came of one check of an issuer."""

    PASSED = "passed"
    UNHEALTHY = "unhealthy"
    FAILED = "failed"
    ERROR = "error"


class ReconcileOutcome(Enum):
    """The outcome of one reconcile, with controller-runtime's label values; of those, `requeue` does not occur here."""

    SUCCESS = "success"
    ERROR = "error"
    REQUEUE_AFTER = "requeue_after"


class WatchRestartReason(Enum):
    """Why a watch began anew: the server ended it in time, its version was too old, or something failed."""

    ENDED = "ended"
    GONE = "gone"
    FAILED = "failed"


_ANSWERS = {
    RequestReason.ISSUED.value.reason: RequestOutcome.ISSUED,
    RequestReason.REJECTED.value.reason: RequestOutcome.FAILED,
    RequestReason.DENIED.value.reason: RequestOutcome.DENIED,
}
_POD_ANSWERS = {ISSUED: RequestOutcome.ISSUED, FAILED: RequestOutcome.FAILED, DENIED: RequestOutcome.DENIED}


def answer(status: Status) -> RequestOutcome | None:
    """How the request of this status has ended; None where it has not, and for issuers."""
    match status:
        case RequestStatus():
            return _ANSWERS.get(status.ready.reason)
        case SigningRequestStatus(certificate=bytes()):
            return RequestOutcome.ISSUED
        case SigningRequestStatus() if status.failed:
            return RequestOutcome.FAILED
        case PodCertificateStatus(condition=condition):
            return _POD_ANSWERS[condition.type]
    return None


def shows(request: Request, status: Status) -> bool:
    """Whether the request has the answer of this status, as far as the watch shows: certificates are not kept.

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
        case PodCertificateStatus():
            return request.has_certificate if status.chain else request.failed
    return False


def _words(condition: Condition) -> tuple[str, str, str]:
    return condition.status, condition.reason, condition.message


def checking(outcome: CheckResult | Exception) -> CheckOutcome:
    """The outcome of a check, from what it returned or raised."""
    match outcome:
        case CheckResult():
            return CheckOutcome.PASSED
        case IssuerFailed():
            return CheckOutcome.FAILED
        case IssuerUnhealthy():
            return CheckOutcome.UNHEALTHY
    return CheckOutcome.ERROR


def reconciling(result: Result) -> ReconcileOutcome:
    """The outcome of a reconcile."""
    if result.failed:
        return ReconcileOutcome.ERROR
    return ReconcileOutcome.SUCCESS if result.requeue_after is None else ReconcileOutcome.REQUEUE_AFTER


def signing(outcome: Issued | Pending | Exception) -> SignOutcome:
    """The outcome of a signing, from what the signer returned or raised."""
    match outcome:
        case Issued():
            return SignOutcome.ISSUED
        case Pending():
            return SignOutcome.PENDING
        case RequestRejected():
            return SignOutcome.REJECTED
        case IssuerUnhealthy():
            return SignOutcome.UNHEALTHY
    return SignOutcome.ERROR
