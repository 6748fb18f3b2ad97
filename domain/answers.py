"""What is written and recorded about a request once that is decided: the status of its kind, and the Event.

Pure. The kinds of requests differ here, and domain/requests.py decides about them alike.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain import pods
from domain.conditions import message, ready_condition
from domain.effects import (
    NOTHING,
    Effects,
    Event,
    PatchStatus,
    PodCertificateStatus,
    RequestStatus,
    SigningRequestStatus,
    Status,
)
from domain.model import Condition, Issued, Issuer, ObjectKey, PendingOrder, Request
from domain.pods import Denial
from domain.reasons import DENIED, FAILED, ISSUED, Reason, RequestReason
from domain.retry import Attempt, fraction


def issued(request: Request, issuer: Issuer | None, outcome: Issued, now: datetime) -> Effects:
    reason = RequestReason.ISSUED.value
    status: Status
    if request.pod:
        status = _for_pod(request, issuer, outcome, now)
    elif request.is_kubernetes:
        status = SigningRequestStatus(certificate=outcome.chain)
    else:
        ready = ready_condition(reason, message(reason), now, request.ready)
        status = RequestStatus(ready, certificate=outcome.chain, ca=outcome.ca)
    return Effects(patch=_patch(request, status), event=event(request, reason, ""))


def _for_pod(request: Request, issuer: Issuer | None, outcome: Issued, now: datetime) -> PodCertificateStatus:
    if outcome.validity is None:
        raise ValueError(f"{request.key}: the signer's answer was not verified")
    reason, (begins, ends) = RequestReason.ISSUED.value, outcome.validity
    refresh_at = pods.refresh_at(begins, ends, issuer.spec.pods if issuer else None, fraction(request.uid))
    condition = Condition(ISSUED, "True", reason.reason, message(reason), now)
    return PodCertificateStatus(condition, outcome.chain, begins, ends, refresh_at)


def failed(request: Request, reason: Reason, why: str, now: datetime, **words: str) -> Effects:
    text = message(reason, why=why, **words)
    condition = Condition(FAILED, "True", reason.reason, text, now)
    status: Status
    if request.pod:
        status = PodCertificateStatus(condition)
    elif request.is_kubernetes:
        status = SigningRequestStatus(failed=condition)
    else:
        status = RequestStatus(ready_condition(reason, text, now, request.ready), failure_time=now)
    return Effects(patch=_patch(request, status), event=event(request, reason, why, **words))


def denied_by_approver(request: Request, now: datetime) -> Effects:
    """A CertificateRequest gets Ready=False/Denied; a Kubernetes CSR has the Denied condition already."""
    return NOTHING if request.is_kubernetes else failed(request, RequestReason.DENIED.value, "", now)


def denied(request: Request, denial: Denial, now: datetime) -> Effects:
    """Of a PodCertificateRequest, about which no approver decides but the issuer."""
    text = message(denial.reason, why=denial.why)
    status = PodCertificateStatus(Condition(DENIED, "True", denial.reason.reason, text, now))
    return Effects(patch=_patch(request, status), event=event(request, denial.reason, denial.why))


def reported(
    request: Request, attempt: Attempt, reason: Reason, why: str, now: datetime, order: PendingOrder | None
) -> Effects:
    """Writes how the request stands, if that has changed: in its Ready condition; other kinds have none and get an
    Event. An order is kept in the status, except that of a pod's request, which can be written only once.
    """
    if request.pod:
        return announced(request, replace(attempt, order=order), reason, why)
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


def on_pod(request: Request, effects: Effects) -> Event | None:
    """For `kubectl describe pod`: what the pod's request waits for. Its denial and failure the kubelet shows there."""
    if request.pod is None or effects.event is None or effects.patch is not None:
        return None
    pod = ObjectKey("Pod", request.pod.namespace, request.pod.name)
    return replace(effects.event, regarding=pod, uid=request.pod.uid)


def event(request: Request, reason: Reason, why: str, **words: str) -> Event:
    return Event(request.key, request.uid, reason.event_type, reason.reason, "Sign", message(reason, why=why, **words))


def _patch(request: Request, status: Status) -> PatchStatus:
    return PatchStatus(request.key, request.resource_version, status)
