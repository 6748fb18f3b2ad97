"""Short ways to ask for a decision about a request, and to say what is expected of it.

Always at NOW, a minute after everything began, unless a test says otherwise.
"""

from __future__ import annotations

from datetime import datetime

import pytest

from domain import requests
from domain.effects import Effects, PodCertificateStatus, RequestStatus, Review, Sign, SigningRequestStatus
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Condition,
    Issued,
    Pending,
    RequestSnapshot,
)
from domain.retry import Attempt
from entrypoints.issuer import NAMES
from tests.support.factories import APPROVED_KINDS, KINDS, MINUTE, POLICY, T0, an_attempt, at

NOW = T0 + MINUTE
CR, CSR, POD = CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, POD_CERTIFICATE_REQUEST
every_kind = pytest.mark.parametrize("kind", KINDS)
approved_kinds = pytest.mark.parametrize("kind", APPROVED_KINDS)
DENIED_WORDS = "The request was denied by an approver"
REJECTED = "The request cannot be signed: "
RETRYING = "Temporary error. Retrying: "
ORDERED = "The CA has not answered yet: "
WAITING = "Waiting for the issuer: "
UNAPPROVED = "Not signed before it is approved: "


def decide(snapshot: RequestSnapshot, attempt: Attempt | None = None, now: datetime = NOW) -> Effects | Sign | Review:
    return requests.decide(snapshot, attempt or an_attempt(), at(now), POLICY, NAMES)


def effects(snapshot: RequestSnapshot, attempt: Attempt | None = None, now: datetime = NOW) -> Effects:
    decision = decide(snapshot, attempt, now)
    assert isinstance(decision, Effects)
    return decision


def settle(snapshot: RequestSnapshot, outcome: Issued | Pending | Exception, attempt: Attempt | None = None) -> Effects:
    return requests.settle(snapshot, attempt or an_attempt(), outcome, at(NOW), POLICY)


def status_of(told: Effects) -> object:
    return told.patch.status if told.patch else None


def cr_condition(status: str, reason: str, message: str) -> Condition:
    return Condition("Ready", status, reason, message, NOW)


def failed_status(
    kind: str, message: str, reason: str = "Failed", now: datetime = NOW
) -> RequestStatus | SigningRequestStatus | PodCertificateStatus:
    failed = Condition("Failed", "True", reason, message, now)
    if kind == CSR:
        return SigningRequestStatus(failed=failed)
    if kind == POD:
        return PodCertificateStatus(failed)
    return RequestStatus(Condition("Ready", "False", reason, message, now), failure_time=now)
