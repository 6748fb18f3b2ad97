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
    UnsupportedKey,
    WrongCertificate,
)
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Approval,
    CheckResult,
    Issued,
    Pending,
    RequestSnapshot,
)
from domain.pods import Pod, PodPolicy
from domain.reasons import IssuerReason, RequestReason
from entrypoints.issuer import NAMES
from tests.support.factories import (
    HOUR,
    MINUTE,
    POLICY,
    T0,
    a_new_issuer,
    a_pod,
    a_pod_policy,
    a_request,
    a_snapshot,
    a_spec,
    an_attempt,
    at,
    cluster_issuer_key,
)

NOW = T0 + MINUTE
CR, CSR, PCR = CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, POD_CERTIFICATE_REQUEST
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


def denied(policy: PodPolicy | None, pod: Pod | None = None) -> Effects:
    spec = a_spec(cluster_issuer_key(), pods=policy)
    snapshot = a_snapshot(a_request(PCR, pod=pod or a_pod()), spec=spec)
    return decided(requests.decide(snapshot, an_attempt(), at(NOW), POLICY, NAMES))


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
        RequestReason.ISSUED: settled(kind, Issued(b"leaf", b"root", (T0, T0 + HOUR))),
        RequestReason.REFUSED: Effects(event=requests.refused(a_request(kind), REFUSED)),
        RequestReason.POD_SIGNER: (a_request(PCR, unserved="signerName: 'x' is no kind"), attempt),
        RequestReason.NO_POD_CERTIFICATES: denied(None),
        RequestReason.SIGNER_CANNOT: denied(a_pod_policy(obstacle="it takes names from the CSR")),
        RequestReason.SERVICE_ACCOUNT_NOT_ALLOWED: denied(a_pod_policy(service_accounts=("team-b/*",))),
        RequestReason.INVALID_ANNOTATIONS: denied(a_pod_policy(), a_pod(annotations=("example.com/name",))),
        RequestReason.NO_DNS_NAME: denied(a_pod_policy(dns_names=("{pod}.{namespace}.test",)), a_pod(name="web.0")),
        RequestReason.UNSUPPORTED_KEY: settled(PCR, UnsupportedKey("ED25519; use ECDSAP256")),
    }
    course = courses[row]
    if isinstance(course, tuple):
        request, attempt = course
        course = requests.decide(RequestSnapshot(request, None), attempt, at(NOW), POLICY, NAMES)
    return decided(course)


NEVER_OF = {
    CR: {RequestReason.MAY_NOT_REFERENCE},
    CSR: {RequestReason.DENIED},
    PCR: {RequestReason.UNAPPROVED, RequestReason.DENIED, RequestReason.UNSERVED, RequestReason.MAY_NOT_REFERENCE},
}
COURSES = [
    *((row.value, NAMES.issuer, issuer_course(row)) for row in IssuerReason),
    *(
        (row.value, kind, request_course(row, kind))
        for kind, never in NEVER_OF.items()
        for row in RequestReason
        if row not in never and (kind == PCR or not row.value.denies_pod)
    ),
]
"""The row, the kind of the object and what is done."""
