"""What is written and recorded about a request once that is decided: the status of its kind, and the Event.

Pure. The kinds of requests differ here, and domain/requests.py decides about them alike.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.conditions import message, ready_condition
from domain.effects import NOTHING, Effects, Event, PatchStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import Condition, Issued, PendingOrder, Request
from domain.reasons import FAILED, Reason, RequestReason
from domain.retry import Attempt


def issued(request: Request, outcome: Issued, now: datetime) -> Effects:
    reason = RequestReason.ISSUED.value
    status: Status
    if request.is_kubernetes:
        status = SigningRequestStatus(certificate=outcome.chain)
    else:
        ready = ready_condition(reason, message(reason), now, request.ready)
        status = RequestStatus(ready, certificate=outcome.chain, ca=outcome.ca)
    return Effects(patch=_patch(request, status), event=event(request, reason, ""))


def failed(request: Request, reason: Reason, why: str, now: datetime, **words: str) -> Effects:
    text = message(reason, why=why, **words)
    status: Status
    if request.is_kubernetes:
        status = SigningRequestStatus(failed=Condition(FAILED, "True", reason.reason, text, now))
    else:
        status = RequestStatus(ready_condition(reason, text, now, request.ready), failure_time=now)
    return Effects(patch=_patch(request, status), event=event(request, reason, why, **words))


def denied(request: Request, now: datetime) -> Effects:
    """A CertificateRequest gets Ready=False/Denied; a Kubernetes CSR has the Denied condition already."""
    return NOTHING if request.is_kubernetes else failed(request, RequestReason.DENIED.value, "", now)


def reported(
    request: Request, attempt: Attempt, reason: Reason, why: str, now: datetime, order: PendingOrder | None
) -> Effects:
    """Writes how the request stands, if that has changed: in its Ready condition; a Kubernetes CSR has none and gets an
    Event. An order is kept in the status of both kinds.
    """
    if request.is_kubernetes:
        patch = _patch(request, SigningRequestStatus(order=order)) if order != request.order else None
        return replace(announced(request, attempt, reason, why), patch=patch)
    ready = ready_condition(reason, message(reason, why=why), now, request.ready)
    news = event(request, reason, why) if ready is not request.ready else None
    patch = _patch(request, RequestStatus(ready, order=order)) if news or order != request.order else None
    return Effects(patch, news, attempt)


def announced(request: Request, attempt: Attempt, reason: Reason, why: str) -> Effects:
    """An Event, if it is not what the last one said."""
    news = event(request, reason, why)
    if attempt.announced == news.note:
        return Effects(attempt=attempt)
    return Effects(event=news, attempt=replace(attempt, announced=news.note))


def event(request: Request, reason: Reason, why: str, **words: str) -> Event:
    return Event(request.key, request.uid, reason.event_type, reason.reason, "Sign", message(reason, why=why, **words))


def _patch(request: Request, status: Status) -> PatchStatus:
    return PatchStatus(request.key, request.resource_version, status)
