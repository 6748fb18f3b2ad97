"""Reads objects as `kubectl get -o yaml` prints them, for the command `explain`.

What the manager would read of an object is read here too, by the same Codec; and all of its conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.kubernetes.codec import Codec, read_condition
from adapters.kubernetes.decoding import field_error
from adapters.kubernetes.documents import BadManifest
from adapters.kubernetes.schema import (
    IssuerObject,
    IssuerRef,
    IssuerStatusObject,
    Meta,
    PodRequestObject,
    PodRequestSpecObject,
    RequestObject,
    RequestSpecObject,
    RequestStatusObject,
)
from domain.conditions import printable
from domain.effects import Event
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Condition,
    Issuer,
    ObjectKey,
    Request,
)
from domain.names import IssuerNames

_SHOWN = 80  # characters of a tenant's text in a message
_REQUESTS: dict[tuple[str, str], type[RequestObject | PodRequestObject]] = {
    ("cert-manager.io", CERTIFICATE_REQUEST): RequestObject,
    ("certificates.k8s.io", CERTIFICATE_SIGNING_REQUEST): RequestObject,
    ("certificates.k8s.io", POD_CERTIFICATE_REQUEST): PodRequestObject,
}
_EVENTS = {("", "Event"), ("events.k8s.io", "Event")}


@dataclass(frozen=True, slots=True)
class Printed:
    """`content` is None for what is not of this controller; `why` then says by which field, where one says it."""

    group: str
    key: ObjectKey
    content: Issuer | Request | Event | None = None
    conditions: tuple[Condition, ...] = ()
    why: str = ""


class _Other(msgspec.Struct):
    """Any object."""

    metadata: Meta = msgspec.field(default_factory=Meta)


class _Regarding(msgspec.Struct):
    kind: str = ""
    namespace: str | None = None
    name: str = ""
    uid: str = ""


class _EventObject(msgspec.Struct):
    """Of events.k8s.io/v1, and of v1, as which kubectl prints it."""

    metadata: Meta = msgspec.field(default_factory=Meta)
    type: str = ""
    reason: str = ""
    action: str | None = None
    note: str = ""
    message: str = ""
    regarding: _Regarding = msgspec.field(default_factory=_Regarding)
    involvedObject: _Regarding | None = None
    reportingController: str = ""
    reportingComponent: str = ""


class PrintedReader:
    def __init__(self, names: IssuerNames, codec: Codec) -> None:
        self._names = names
        self._codec = codec

    def read(self, where: str, content: dict[str, Any]) -> Printed:
        """Raises BadManifest, which says `where`, for a field that no API server would have stored."""
        version, kind = str(content.get("apiVersion", "")), content["kind"]
        try:
            return self._read(version.rpartition("/")[0], kind, content)
        except msgspec.ValidationError as error:
            raise BadManifest(f"{where}, {printable(kind)}: {field_error(error)}") from error

    def _read(self, group: str, kind: str, content: dict[str, Any]) -> Printed:
        if group == self._names.group and kind in self._names.kinds:
            issuer = msgspec.convert(content, IssuerObject)
            read = self._codec.issuer(kind, issuer)
            return Printed(group, read.key, read, _conditions(issuer.status))
        if (group, kind) in _REQUESTS:
            return self._request(group, kind, msgspec.convert(content, _REQUESTS[group, kind]))
        if (group, kind) in _EVENTS:
            return self._event(group, msgspec.convert(content, _EventObject))
        metadata = msgspec.convert(content, _Other).metadata
        return Printed(group, ObjectKey(kind, metadata.namespace or "", metadata.name))

    def _request(self, group: str, kind: str, obj: RequestObject | PodRequestObject) -> Printed:
        if isinstance(obj, PodRequestObject):
            read = self._codec.pod_certificate_request(obj)
        elif kind == CERTIFICATE_SIGNING_REQUEST:
            read = self._codec.signing_request(obj)
        else:
            read = self._codec.certificate_request(obj)
        if read.issuer is None:
            return Printed(group, read.key, why=_reference(kind, obj.spec))
        return Printed(group, read.key, read, _conditions(obj.status))

    def _event(self, group: str, obj: _EventObject) -> Printed:
        key = ObjectKey("Event", obj.metadata.namespace or "", obj.metadata.name)
        reporter = obj.reportingController or obj.reportingComponent
        if reporter != self._names.controller:
            return Printed(group, key, why=f"its reporting controller is {reporter[:_SHOWN]!r}")
        about = obj.involvedObject or obj.regarding
        regarding = ObjectKey(about.kind, about.namespace or "", about.name)
        note = obj.note or obj.message
        return Printed(group, key, Event(regarding, about.uid, obj.type, obj.reason, obj.action or "", note))


def _conditions(status: IssuerStatusObject | RequestStatusObject | None) -> tuple[Condition, ...]:
    return tuple(map(read_condition, (status and status.conditions) or ()))


def _reference(kind: str, spec: RequestSpecObject | PodRequestSpecObject | None) -> str:
    """The field by which a request names an issuer of another controller."""
    if kind != CERTIFICATE_REQUEST:
        return f"its spec.signerName is {((spec and spec.signerName) or '')[:_SHOWN]!r}"
    group = (spec.issuerRef or IssuerRef()).group if isinstance(spec, RequestSpecObject) else None
    return f"its spec.issuerRef.group is {(group or '')[:_SHOWN]!r}"
