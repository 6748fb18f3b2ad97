"""Issuers, requests and attempts as the tests of the domain need them.

Each maker gives something healthy and approved, at T0; a test names only what it is about.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.effects import Event, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Approval,
    Condition,
    Issuer,
    IssuerSpec,
    ObjectKey,
    Request,
    RequestSnapshot,
)
from domain.pods import Pod, PodPolicy
from domain.retry import Attempt, Moment, RetryPolicy
from entrypoints.issuer import NAMES
from tests.contracts.clock import uptime_at

T0 = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
START = timedelta(days=3)
"""An uptime of the clock."""
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
POLICY = RetryPolicy()
APPROVED_KINDS = [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST]
"""Those about which an approver decides."""
KINDS = [*APPROVED_KINDS, POD_CERTIFICATE_REQUEST]
ISSUER_KINDS = [NAMES.issuer, NAMES.cluster_issuer]
GROUP = NAMES.group
NAMESPACE, SYSTEM = "team-a", "system"


def issuer_key(name: str = "ca", kind: str = NAMES.issuer) -> ObjectKey:
    return ObjectKey(kind, NAMESPACE if kind == NAMES.issuer else "", name)


def cluster_issuer_key(name: str = "ca") -> ObjectKey:
    return issuer_key(name, NAMES.cluster_issuer)


def secret_key(issuer: ObjectKey, name: str = "credentials") -> ObjectKey:
    return ObjectKey("Secret", issuer.namespace or SYSTEM, name)


def a_spec(key: ObjectKey, **changes: Any) -> IssuerSpec:
    """A cluster issuer's gives `a_pod` a certificate."""
    pods = None if key.namespace else a_pod_policy()
    return replace(IssuerSpec("https://ca.example.com", secret_key(key), "Scripted", pods=pods), **changes)


def ready(status: str = "True", reason: str = "Checked", since: datetime = T0, generation: int = 1) -> Condition:
    return Condition("Ready", status, reason, "Success" if status == "True" else "no", since, generation)


def an_issuer(key: ObjectKey | None = None, **changes: Any) -> Issuer:
    """A Ready issuer."""
    key = key or issuer_key()
    spec = a_spec(key)
    return replace(Issuer(key, "uid-issuer", "7", 1, spec, ready(), shown_signer=spec.signer), **changes)


def a_new_issuer(key: ObjectKey | None = None, **changes: Any) -> Issuer:
    """An issuer that nobody has looked at."""
    return an_issuer(key, ready=None, shown_signer="", **changes)


def a_pod(**changes: Any) -> Pod:
    pod = Pod(NAMESPACE, "web-0", "uid-pod", "web")
    return replace(pod, **changes)


def a_pod_policy(**changes: Any) -> PodPolicy:
    """A spec.pods that gives `a_pod` a certificate."""
    return replace(PodPolicy("example.org", (f"{NAMESPACE}/web",)), **changes)


def request_key(kind: str = CERTIFICATE_REQUEST, name: str = "web") -> ObjectKey:
    return ObjectKey(kind, "" if kind == CERTIFICATE_SIGNING_REQUEST else NAMESPACE, name)


def a_request(kind: str = CERTIFICATE_REQUEST, **changes: Any) -> Request:
    """An approved request to the cluster-scoped issuer that serves all kinds, unless told otherwise."""
    is_for_pod = kind == POD_CERTIFICATE_REQUEST
    request = Request(
        key=request_key(kind),
        uid="uid-request",
        resource_version="9",
        issuer=cluster_issuer_key(),
        csr=b"a csr",
        usages=() if is_for_pod else ("digital signature", "server auth"),
        duration=HOUR,
        approval=Approval.APPROVED,
        approved_at=T0,
        pod=a_pod() if is_for_pod else None,
    )
    return replace(request, **changes)


def a_snapshot(request: Request, **issuer: Any) -> RequestSnapshot:
    """The request with the Ready issuer that it names."""
    assert request.issuer is not None
    return RequestSnapshot(request, an_issuer(request.issuer, **issuer))


def at(time: datetime) -> Moment:
    """The moment at which a StoppedClock shows this time."""
    return Moment(time, uptime_at(time))


def an_attempt(**changes: Any) -> Attempt:
    return replace(Attempt("uid-request", at(T0)), **changes)


def words(status: Status | None) -> tuple[str, str, str] | None:
    """Status, reason and message of the one condition that a status holds."""
    if status is None:
        return None
    match status:
        case SigningRequestStatus():
            told = status.failed
        case PodCertificateStatus():
            told = status.condition
        case _:
            told = status.ready
    return (told.status, told.reason, told.message) if told else None


def certificate(status: Status | None) -> bytes | None:
    if isinstance(status, PodCertificateStatus):
        return status.chain
    return status.certificate if isinstance(status, RequestStatus | SigningRequestStatus) else None


def told(event: Event | None) -> tuple[str, str, str] | None:
    """Type, reason and note of an Event."""
    return (event.type, event.reason, event.note) if event else None
