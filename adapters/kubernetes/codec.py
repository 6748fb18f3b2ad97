"""Converts objects of the API server into values of the domain; statuses.py converts statuses back into JSON.

Pure. A field that is missing or wrong becomes a value that the domain can decide about, such as Request.problem, and
never an exception: one bad object must not hold up the others.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from adapters.kubernetes import limits, statuses
from adapters.kubernetes.issuer_spec import SpecReader
from adapters.kubernetes.references import References
from adapters.kubernetes.schema import (
    SECRET,
    ConditionObject,
    IssuerObject,
    IssuerRef,
    IssuerStatusObject,
    Meta,
    OrderObject,
    PodRequestObject,
    PodRequestSpecObject,
    RequestObject,
    RequestSpecObject,
    SecretMeta,
    SecretVersionObject,
)
from domain.controller.cache import Object
from domain.effects import Status
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    NO_REQUESTER,
    POD_CERTIFICATE_REQUEST,
    Approval,
    Condition,
    Issuer,
    ObjectKey,
    PendingOrder,
    Request,
    Requester,
    SecretVersion,
)
from domain.names import IssuerNames
from domain.pods import Pod
from domain.reasons import DENIED, FAILED, ORDER, READY, STALLED, TRUST_BUNDLE

_MOST_ANNOTATIONS = 3  # keys that are kept of a pod's user annotations, none of which is known
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Codec:
    """Converts this issuer's kinds; Secrets of cluster-scoped issuers are in `cluster_resource_namespace`."""

    def __init__(self, names: IssuerNames, cluster_resource_namespace: str, specs: SpecReader) -> None:
        self._specs = specs
        self.cluster_resource_namespace = cluster_resource_namespace
        self._references = References(names)
        self._cluster_issuer = names.cluster_issuer
        self._order_type = f"{names.group}/{ORDER}"

    def object(self, kind: str, obj: object) -> Object:
        match obj:
            case IssuerObject():
                return self.issuer(kind, obj)
            case RequestObject() if kind == CERTIFICATE_REQUEST:
                return self.certificate_request(obj)
            case RequestObject():
                return self.signing_request(obj)
            case PodRequestObject():
                return self.pod_certificate_request(obj)
            case SecretVersionObject():
                return SecretVersion(_key(SECRET, obj.metadata), obj.metadata.uid, obj.metadata.resourceVersion)
        raise TypeError(f"nothing is known of {type(obj).__name__}")

    def issuer(self, kind: str, obj: IssuerObject) -> Issuer:
        key, status = _key(kind, obj.metadata), obj.status or IssuerStatusObject()
        return Issuer(
            key=key,
            uid=obj.metadata.uid,
            resource_version=obj.metadata.resourceVersion,
            generation=obj.metadata.generation or 0,
            spec=self._specs.read(
                obj.spec or {},
                key.namespace or self.cluster_resource_namespace,
                of_cluster=kind == self._cluster_issuer,
            ),
            ready=_find(status.conditions, READY),
            stalled=_find(status.conditions, STALLED),
            bundle=_find(status.conditions, TRUST_BUNDLE),
            shown_signer=status.signer or "",
            annotations=limits.kept_annotations(obj.metadata.annotations),
            deleting=obj.metadata.deletionTimestamp is not None,
        )

    def certificate_request(self, obj: RequestObject) -> Request:
        spec, status = obj.spec or RequestSpecObject(), obj.status
        conditions = status.conditions if status else None
        approval, approved_at = _approval(conditions)
        csr, too_large = limits.csr(spec.request)
        usages, too_long = limits.usages(spec.usages)
        duration, unreadable = limits.duration(spec.duration)
        issuer, unserved = self._references.by_reference(spec.issuerRef or IssuerRef(), obj.metadata.namespace or "")
        return Request(
            key=_key(CERTIFICATE_REQUEST, obj.metadata),
            uid=obj.metadata.uid,
            resource_version=obj.metadata.resourceVersion,
            issuer=issuer,
            csr=b"" if unserved else csr,
            usages=usages,
            is_ca=bool(spec.isCA),
            duration=duration,
            approval=approval,
            approved_at=approved_at,
            invalid=_is_true(conditions, "InvalidRequest"),
            ready=_find(conditions, READY),
            order=self._order(conditions),
            has_certificate=bool(status and status.certificate),
            annotations=limits.kept_annotations(obj.metadata.annotations),
            deleting=obj.metadata.deletionTimestamp is not None,
            problem=too_large or too_long or unreadable,
            unserved=unserved,
            kind_left_out=issuer is not None and not (spec.issuerRef and spec.issuerRef.kind),
        )

    def signing_request(self, obj: RequestObject) -> Request:
        spec, status = obj.spec or RequestSpecObject(), obj.status
        conditions = status.conditions if status else None
        approval, approved_at = _approval(conditions)
        csr, too_large = limits.csr(spec.request)
        usages, too_long = limits.usages(spec.usages)
        duration, unreadable = _seconds("expirationSeconds", spec.expirationSeconds)
        issuer, unserved = self._references.by_signer_name(spec.signerName or "")
        return Request(
            key=_key(CERTIFICATE_SIGNING_REQUEST, obj.metadata),
            uid=obj.metadata.uid,
            resource_version=obj.metadata.resourceVersion,
            issuer=issuer,
            csr=b"" if unserved else csr,
            usages=usages,
            duration=duration,
            approval=approval,
            approved_at=approved_at,
            order=self._order(conditions),
            failed=_is_true(conditions, FAILED),
            has_certificate=bool(status and status.certificate),
            annotations=limits.kept_annotations(obj.metadata.annotations),
            deleting=obj.metadata.deletionTimestamp is not None,
            problem=too_large or too_long or unreadable,
            unserved=unserved,
            requester=_requester(spec) if issuer and issuer.namespace else NO_REQUESTER,
        )

    def pod_certificate_request(self, obj: PodRequestObject) -> Request:
        spec, status, created = obj.spec or PodRequestSpecObject(), obj.status, obj.metadata.creationTimestamp
        conditions = status.conditions if status else None
        csr, too_large = limits.csr(spec.stubPKCS10Request, "stubPKCS10Request")
        duration, unreadable = _seconds("maxExpirationSeconds", spec.maxExpirationSeconds)
        issuer, unserved = self._references.by_pod_signer_name(spec.signerName or "")
        missing = "" if csr or too_large else "spec.stubPKCS10Request: missing; use a kubelet of Kubernetes 1.37"
        return Request(
            key=_key(POD_CERTIFICATE_REQUEST, obj.metadata),
            uid=obj.metadata.uid,
            resource_version=obj.metadata.resourceVersion,
            issuer=issuer,
            csr=_pem(csr) if csr and not unserved else b"",
            duration=duration,
            approval=Approval.APPROVED,
            approved_at=_time(created) if created else None,
            failed=_is_true(conditions, FAILED) or _is_true(conditions, DENIED),
            has_certificate=bool(status and status.certificateChain),
            annotations=limits.kept_annotations(obj.metadata.annotations),
            deleting=obj.metadata.deletionTimestamp is not None,
            problem=too_large or missing or unreadable,
            unserved=unserved,
            pod=_pod(obj.metadata.namespace or "", spec),
        )

    def status(self, status: Status) -> dict[str, Any]:
        """The whole `status` to apply."""
        return statuses.encoded(status, self._order_type)

    def _order(self, conditions: Iterable[ConditionObject] | None) -> PendingOrder | None:
        """The order that the conditions keep; None if it cannot be read: the CA is then asked from the start."""
        found = _find(conditions, self._order_type)
        if found is None:
            return None
        try:
            order = msgspec.json.decode(found.message, type=OrderObject)
        except msgspec.MsgspecError:
            return None
        return PendingOrder(order.handle, found.since, _time(order.askAgainAt))


def _key(kind: str, meta: Meta | SecretMeta) -> ObjectKey:
    return ObjectKey(kind, meta.namespace or "", meta.name)


def _pem(der: bytes) -> bytes:
    """PEM of a PKCS#10 request (RFC 7468 section 7)."""
    return b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE REQUEST-----\n"


def _pod(namespace: str, spec: PodRequestSpecObject) -> Pod:
    return Pod(
        namespace=namespace,
        name=spec.podName,
        uid=spec.podUID,
        service_account=spec.serviceAccountName,
        annotations=tuple(sorted(spec.unverifiedUserAnnotations or ())[:_MOST_ANNOTATIONS]),
    )


def _requester(spec: RequestSpecObject) -> Requester:
    extra = {name: tuple(values) for name, values in (spec.extra or {}).items()}
    return Requester(spec.username or "", spec.uid or "", tuple(spec.groups or ()), extra)


def _seconds(field: str, count: int | None) -> tuple[timedelta | None, str]:
    try:
        return None if count is None else timedelta(seconds=count), ""
    except OverflowError:
        return None, f"spec.{field}: {count} is longer than any duration can be"


def _approval(conditions: Iterable[ConditionObject] | None) -> tuple[Approval, datetime | None]:
    """Denied wins: https://cert-manager.io/docs/usage/certificaterequest/#approval."""
    if _is_true(conditions, "Denied"):
        return Approval.DENIED, None
    if _is_true(conditions, "Approved"):
        approved = _find(conditions, "Approved")
        return Approval.APPROVED, approved.since if approved and approved.since != _EPOCH else None
    return Approval.UNDECIDED, None


def _is_true(conditions: Iterable[ConditionObject] | None, kind: str) -> bool:
    found = _find(conditions, kind)
    return found is not None and found.status == "True"


def _find(conditions: Iterable[ConditionObject] | None, kind: str) -> Condition | None:
    return next((read_condition(found) for found in conditions or () if found.type == kind), None)


def read_condition(found: ConditionObject) -> Condition:
    return Condition(
        found.type,
        found.status,
        found.reason or "",
        found.message or "",
        _time(found.lastTransitionTime),
        found.observedGeneration,
    )


def _time(time: datetime | None) -> datetime:
    """The time in UTC; one without a zone is in UTC. The epoch for None, and for a year that UTC does not have."""
    if time is None:
        return _EPOCH
    try:
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        return _EPOCH
