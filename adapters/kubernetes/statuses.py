"""Converts the statuses that the domain decides on into the JSON of each kind, and times into Kubernetes' formats."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.kubernetes.schema import OrderObject
from domain.effects import IssuerStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import Condition, PendingOrder


def encoded(status: Status, order_type: str) -> dict[str, Any]:
    """The whole `status` to apply. `order_type` is the type of the condition that keeps an order."""
    match status:
        case IssuerStatus():
            return {
                "conditions": [_condition(each) for each in (status.ready, status.stalled, status.bundle) if each],
                "signer": status.signer,
                "observedGeneration": status.ready.observed_generation,
            }
        case RequestStatus():
            written: dict[str, Any] = {
                "conditions": [_condition(status.ready), *_order_conditions(status.order, order_type)]
            }
            if status.certificate is not None:
                written["certificate"] = _base64(status.certificate)
            if status.ca is not None:
                written["ca"] = _base64(status.ca)
            if status.failure_time is not None:
                written["failureTime"] = timestamp(status.failure_time)
            return written
        case SigningRequestStatus(failed=Condition() as failed):
            return {"conditions": [_condition(failed) | {"lastUpdateTime": timestamp(failed.since)}]}
        case SigningRequestStatus(order=PendingOrder() as order):
            return {"conditions": _order_conditions(order, order_type)}
        case SigningRequestStatus():
            return {"certificate": _base64(status.certificate or b"")}
        case PodCertificateStatus():
            return {"conditions": [_condition(status.condition)], **_pod_certificate(status)}


def _pod_certificate(status: PodCertificateStatus) -> dict[str, str]:
    """The chain, which is text here, and its times; empty without a chain."""
    if status.chain is None:
        return {}
    times = {"notBefore": status.begins, "beginRefreshAt": status.refresh_at, "notAfter": status.ends}
    written = {name: timestamp(time) for name, time in times.items() if time is not None}
    return {"certificateChain": status.chain.decode("ascii"), **written}


def timestamp(time: datetime) -> str:
    """metav1.Time: RFC 3339 in UTC, whole seconds."""
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"  # strftime writes year 1 as 1


def micro_time(time: datetime) -> str:
    """metav1.MicroTime: always six digits."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _order_conditions(order: PendingOrder | None, order_type: str) -> list[dict[str, Any]]:
    """The condition that keeps an order. Programs read its message, which is JSON."""
    if order is None:
        return []
    message = msgspec.json.encode(OrderObject(order.due, order.handle)).decode()
    return [_condition(Condition(order_type, "True", "Taken", message, order.since))]


def _condition(condition: Condition) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": condition.type,
        "status": condition.status,
        "reason": condition.reason,
        "message": condition.message,
        "lastTransitionTime": timestamp(condition.since),
    }
    if condition.observed_generation is not None:
        written["observedGeneration"] = condition.observed_generation
    return written


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
