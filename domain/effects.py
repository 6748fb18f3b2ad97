"""What a decision wants done: values that `decide` and `settle` return and the reconciler carries out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.model import Condition, Issuer, ObjectKey, PendingOrder
from domain.retry import Attempt


@dataclass(frozen=True, slots=True)
class IssuerStatus:
    """The whole of our status on an issuer. `stalled` is the condition of an issuer that is Failed.

    `bundle` is that of an issuer whose roots are published, or should be.
    """

    ready: Condition
    signer: str
    stalled: Condition | None = None
    bundle: Condition | None = None


@dataclass(frozen=True, slots=True)
class RequestStatus:
    """The whole of our status on a CertificateRequest."""

    ready: Condition
    certificate: bytes | None = None
    ca: bytes | None = None
    failure_time: datetime | None = None
    order: PendingOrder | None = None


@dataclass(frozen=True, slots=True)
class SigningRequestStatus:
    """The whole of our status on a CertificateSigningRequest: a certificate, a Failed condition or an order; one."""

    certificate: bytes | None = None
    failed: Condition | None = None
    order: PendingOrder | None = None


@dataclass(frozen=True, slots=True)
class PodCertificateStatus:
    """The whole status of a PodCertificateRequest, which is written once: Issued, Denied or Failed is True.

    All else is there with Issued alone. `refresh_at` is when the kubelet should ask for the next certificate.
    """

    condition: Condition
    chain: bytes | None = None
    begins: datetime | None = None
    ends: datetime | None = None
    refresh_at: datetime | None = None


Status = IssuerStatus | RequestStatus | SigningRequestStatus | PodCertificateStatus


@dataclass(frozen=True, slots=True)
class PatchStatus:
    """A status to write, if the object is still at `resource_version`."""

    key: ObjectKey
    resource_version: str
    status: Status


@dataclass(frozen=True, slots=True)
class Event:
    """One line of `kubectl describe`. `type` is Normal or Warning, `reason` and `action` are UpperCamelCase."""

    regarding: ObjectKey
    uid: str
    type: str
    reason: str
    action: str
    note: str


@dataclass(frozen=True, slots=True)
class Effects:
    """What to do about one object, in this order: write the patch, record the event, keep the attempt, requeue."""

    patch: PatchStatus | None = None
    event: Event | None = None
    attempt: Attempt | None = None
    requeue_after: timedelta | None = None


NOTHING = Effects()


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one reconcile.

    The key is due again after `requeue_after`; None: not before it is enqueued. `failed` says that it is a retry then.
    """

    requeue_after: timedelta | None = None
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Sign:
    """Have the request signed by this issuer's signer, then settle this attempt."""

    issuer: Issuer
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Review:
    """Have the cluster asked whether the requester may reference the issuer, then decide with its answer."""

    issuer: ObjectKey
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class Check:
    """Have the issuer's CA checked, then settle."""
