"""One course of events to each row of the table of reasons: what `decide` and `settle` make of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain import issuers, requests
from domain.effects import Effects
from domain.errors import (
    AdmissionRefused,
    IssuerFailed,
    IssuerUnhealthy,
    RequestRejected,
    SigningError,
    WrongCertificate,
)
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    Approval,
    CheckResult,
    Issued,
    Pending,
    RequestSnapshot,
)
from domain.reasons import IssuerReason, RequestReason
from entrypoints.issuer import NAMES
from tests.support.factories import MINUTE, POLICY, T0, a_new_issuer, a_request, a_snapshot, an_attempt, at

NOW = T0 + MINUTE
CR, CSR = CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST
HANDLE = "the-secret-handle"
REFUSED = AdmissionRefused("a policy says no")
ISSUER = a_new_issuer()


def checked(outcome: CheckResult | Exception) -> Effects:
    return issuers.settle(ISSUER, an_attempt(), outcome, None, NOW, POLICY)


def decided(effects: object) -> Effects:
    assert isinstance(effects, Effects)
    return effects


def issuer_course(row: IssuerReason) -> Effects:
    """What `decide` and `settle` make of an issuer that comes to this row."""
    match row:
        case IssuerReason.FIRST_SEEN:
            return decided(issuers.decide(ISSUER, an_attempt(), None, NOW, POLICY))
        case IssuerReason.CHECKED:
            return checked(CheckResult())
        case IssuerReason.CHECKED_WITH_WARNINGS:
            return checked(CheckResult(warnings=("a certificate was left out",)))
        case IssuerReason.CHECK_FAILED:
            return checked(IssuerUnhealthy("the CA is down"))
        case IssuerReason.BROKEN:
            return checked(IssuerFailed("spec.url: no host"))
        case IssuerReason.REFUSED:
            return Effects(event=issuers.refused(ISSUER, REFUSED))


def settled(kind: str, outcome: Issued | Pending | Exception, after: timedelta = MINUTE, **attempt: Any) -> Effects:
    return requests.settle(a_snapshot(a_request(kind)), an_attempt(**attempt), outcome, at(T0 + after), POLICY)


def request_course(row: RequestReason, kind: str) -> Effects:
    """What `decide` and `settle` make of a request that comes to this row."""
    undecided = a_request(kind, approval=Approval.UNDECIDED, approved_at=None)
    attempt = an_attempt(due=at(T0).uptime)
    courses: dict[RequestReason, Any] = {
        RequestReason.UNAPPROVED: (undecided, attempt),
        RequestReason.DENIED: (a_request(kind, approval=Approval.DENIED), attempt),
        RequestReason.UNSERVED: (a_request(kind, unserved="spec.issuerRef.kind: 'X' is no kind"), attempt),
        RequestReason.WAITING: (a_request(kind), attempt),
        RequestReason.ORDERED: settled(kind, Pending("an operator looks at it", MINUTE, HANDLE)),
        RequestReason.RETRYING: settled(kind, SigningError("stutters")),
        RequestReason.MAY_NOT_REFERENCE: requests.reviewed(a_snapshot(a_request(CSR)), attempt, False, at(NOW), NAMES),
        RequestReason.REJECTED: settled(kind, RequestRejected("no")),
        RequestReason.GIVEN_UP: settled(kind, SigningError("down"), after=POLICY.max_duration * 2),
        RequestReason.WRONG_TWICE: settled(kind, WrongCertificate("another key"), difference="another key"),
        RequestReason.ISSUED: settled(kind, Issued(b"leaf", b"root")),
        RequestReason.REFUSED: Effects(event=requests.refused(a_request(kind), REFUSED)),
    }
    course = courses[row]
    if isinstance(course, tuple):
        request, attempt = course
        course = requests.decide(RequestSnapshot(request, None), attempt, at(NOW), POLICY, NAMES)
    return decided(course)


COURSES = [
    *((row.value, NAMES.issuer, issuer_course(row)) for row in IssuerReason),
    *((row.value, CR, request_course(row, CR)) for row in RequestReason if row is not RequestReason.MAY_NOT_REFERENCE),
    *((row.value, CSR, request_course(row, CSR)) for row in RequestReason if row is not RequestReason.DENIED),
]
"""The row, the kind of the object and what is done."""
