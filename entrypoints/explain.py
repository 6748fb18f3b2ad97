"""The command `explain`: what a reason, or the conditions of objects, mean, which rule decided it, and what to do.

The texts are those of domain/reasons.py. Of an object only its names and its conditions are printed, of an Event only
its reason and its message; an order's message, which holds a handle of the CA, is not.
"""

from __future__ import annotations

import difflib
import os
import shlex
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from adapters.clock import SystemClock
from adapters.kubernetes.documents import BadManifest, objects, objects_in
from adapters.kubernetes.printed import Printed, PrintedReader
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from domain import rights
from domain.bundle_reasons import BundleReason
from domain.conditions import Table, message, printable, row, rows
from domain.effects import Event
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Approval,
    Condition,
    Issuer,
    Request,
)
from domain.reasons import (
    CONDITION_TYPES,
    DENIED,
    ISSUED,
    ORDER,
    READY,
    STALLED,
    TRUST_BUNDLE,
    IssuerReason,
    Reason,
    RequestReason,
)
from entrypoints.container import in_memory
from entrypoints.issuer import NAMES, NAMESPACE
from entrypoints.settings import Settings
from entrypoints.unwritten import DELETED, NO_CONDITION, NOT_SEEN, OLDER, State, in_events

_WIDTH = 100
_INDENT = 16
_LONGEST = 1000  # characters shown of a message
_STDIN = "standard input"
_TABLES: list[Table] = [IssuerReason, BundleReason, RequestReason]
_ORDER = f"{NAMES.group}/{ORDER}"
_OURS = {_ORDER if kind == ORDER else kind for kind in CONDITION_TYPES}
_OF_PODS = {ISSUED, DENIED}
"""Conditions that the controller writes in PodCertificateRequests alone."""
_NEVER_OF_PODS = ("UNAPPROVED", "DENIED", "UNSERVED", "MAY_NOT_REFERENCE")  # of RequestReason
_READ = {
    "Approved": "An approver has approved the request.",
    "Denied": "An approver has denied the request.",
    "InvalidRequest": "A field of the request is invalid. The controller does nothing with such a request.",
}
"""Conditions of requests that other programs write, and the controller reads."""


def explained(what: str) -> Iterator[str]:
    """Blocks of text about a reason, the objects of a file, or with `-` those of standard input.

    Raises click.UsageError for what is none of these, and BadManifest for objects that cannot be read.
    """
    known = {each.value.reason.lower(): each.value.reason for table in _TABLES for each in table}
    if what == "-":
        return _objects(_STDIN, objects(_STDIN, sys.stdin.buffer.read()))
    if what.lower() in known:
        return _reason(known[what.lower()])
    if os.path.exists(what):
        return _objects(what, objects_in(Path(what)))
    if "/" in what or "." in what:
        raise click.UsageError(f"{what!r}: no such file")
    close = difflib.get_close_matches(what.lower(), known, n=1)
    suggestion = f" Did you mean {known[close[0]]}?" if close else ""
    reasons = ", ".join(sorted(known.values()))
    raise click.UsageError(f"{what[:_LONGEST]!r} is no reason and no file.{suggestion} The reasons are {reasons}.")


def _reason(reason: str) -> Iterator[str]:
    for table in _TABLES:
        for each in rows(table, reason):
            yield "\n".join([f"{reason}, of {' or '.join(_kinds(table, each))}", *_row(table, each)])


def _kinds(table: Table, each: Reason) -> Iterable[str]:
    """The kinds of objects that may have this row."""
    if table is not RequestReason:
        return NAMES.kinds if table is IssuerReason else [NAMES.cluster_issuer]
    if each.denies_pod:
        return [POD_CERTIFICATE_REQUEST]
    approved = [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST]
    return approved if RequestReason(each).name in _NEVER_OF_PODS else [*approved, POD_CERTIFICATE_REQUEST]


def _row(table: Table, each: Reason) -> Iterator[str]:
    """A row of the table, with the template of its message."""
    events = f"Events of type {each.event_type}"
    having = f" of a {CERTIFICATE_REQUEST}" if table is RequestReason else ""
    kind = TRUST_BUNDLE if table is BundleReason else READY
    condition = f"condition {kind}={each.ready}{having}; " if each.ready else ""
    if each.denies_pod:
        condition = f"condition {DENIED}=True of a {POD_CERTIFICATE_REQUEST}; "
    yield from _line("seen in", f"{condition}{events}")
    yield from _line("message", each.message)
    yield from _advice(each)


def _objects(source: str, found: Iterable[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    container = in_memory(Settings(NAMESPACE), MemoryCluster(), MemoryRecorder(SystemClock()))
    reader, place = PrintedReader(NAMES, container.codec()), None
    for place, content in found:
        yield "\n".join(_object(reader.read(place, content)))
    if place is None:
        raise BadManifest(f"{source}: no objects; give it what kubectl get … --output=yaml prints")


def _object(printed: Printed) -> Iterator[str]:
    match printed.content:
        case Event() as event:
            yield from _event(event)
        case Issuer() | Request() as content:
            yield str(printed.key)
            for condition in printed.conditions:
                yield from _condition(content.key.kind, condition)
            yield from _issuer_state(content) if isinstance(content, Issuer) else _request_state(content)
        case None:
            yield from _foreign(printed)


def _foreign(printed: Printed) -> Iterator[str]:
    yield f"{printable(str(printed.key)).strip()}: not an object of {NAMES.controller}"
    if printed.why:
        yield from _line(
            "means", f"It is of another controller, since {printed.why}; here it would be of {NAMES.group}."
        )
    if (printed.group, printed.key.kind) == ("cert-manager.io", "Certificate"):
        get = f"kubectl get certificaterequests --namespace={shlex.quote(printed.key.namespace)} --output=yaml"
        yield from _line("what to do", "Explain its CertificateRequest.")
        yield from _line("command", f"{get} | {NAMES.controller} explain -")


def _table(kind: str, reason: str) -> Table:
    if kind not in NAMES.kinds:
        return RequestReason
    return BundleReason if rows(BundleReason, reason) else IssuerReason


def _event(event: Event) -> Iterator[str]:
    yield f"Event about {printable(str(event.regarding))}"
    yield f"  {_shown(event.reason)} ({_shown(event.type)})"
    yield from _told(_table(event.regarding.kind, event.reason), event.reason, event.note)


def _condition(of: str, condition: Condition) -> Iterator[str]:
    table, kind = _table(of, condition.reason), condition.type
    is_ours = kind in (_OURS if of == POD_CERTIFICATE_REQUEST else _OURS - _OF_PODS)
    reason = f", reason {_shown(condition.reason)}" if condition.reason else ""
    yield f"  {_shown(kind)}={_shown(condition.status)}{reason}"
    if kind in (_ORDER, STALLED):
        yield from _line("means", f"{CONDITION_TYPES[ORDER if kind == _ORDER else kind]}.")
    elif is_ours or row(table, condition.reason, condition.message):
        yield from _told(table, condition.reason, condition.message)
    elif kind in _READ and condition.status == "True" and table is RequestReason:
        yield from _line("message", condition.message)
        yield from _line("means", f"{_READ[kind]} The controller reads this condition, and does not write it.")
    else:
        yield from _line("means", "The controller does not write this condition, and does not read it.")


def _told(table: Table, reason: str, text: str) -> Iterator[str]:
    """The row that a message was made from; all rows of the reason if none fits."""
    yield from _line("message", text)
    found = row(table, reason, text)
    if found is not None:
        yield from _advice(found)
        return
    yield from _line("means", "Not known: no message of this version begins so. Another version or program wrote it.")
    for each in rows(table, reason):
        yield f"  This version has the reason {reason} for:"
        yield from _row(table, each)


def _issuer_state(issuer: Issuer) -> Iterator[str]:
    if issuer.deleting:
        yield from _state(DELETED)
    elif issuer.ready is None:
        yield from _state(NOT_SEEN)
    elif not issuer.is_current:
        yield from _state(OLDER)


def _request_state(request: Request) -> Iterator[str]:
    """How a request stands where no condition says it, asked in the order of `decide`."""
    if request.deleting:
        yield from _state(DELETED)
    elif request.invalid or request.failed or request.ready is not None or (request.pod and request.has_certificate):
        return  # a condition says it
    elif request.has_certificate:
        yield from _unwritten(RequestReason.ISSUED.value)
    elif request.approval is Approval.DENIED and request.is_kubernetes:
        yield from _unwritten(RequestReason.DENIED.value)
    elif request.unserved and request.is_kubernetes:
        yield from _unwritten(RequestReason.UNSERVED.value, request.unserved)
    elif request.approval is Approval.UNDECIDED and not request.unserved:
        yield from _unwritten(RequestReason.UNAPPROVED.value, rights.to_approve(request, NAMES))
    else:
        yield from _state(in_events(request) if request.is_kubernetes or request.pod else NOT_SEEN)


def _unwritten(each: Reason, why: str = "") -> Iterator[str]:
    """A reason that is in no condition of such an object."""
    yield f"  {NO_CONDITION}"
    yield from _line("message", message(each, why=why))
    yield from _advice(each)


def _state(state: State) -> Iterator[str]:
    yield f"  {state.head}"
    yield from _advice(state)
    if state.command:
        yield from _line("command", state.command)


def _advice(each: Reason | State) -> Iterator[str]:
    yield from _line("means", each.means)
    yield from _line("decided by", each.rule)
    yield from _line("what to do", each.remedy)


def _line(label: str, text: str) -> Iterator[str]:
    """A labelled text. Messages and commands stay on one line, so that they can be copied."""
    label, text = f"    {label + ':':<{_INDENT - 4}}", _shown(text)
    if label.strip() in ("message:", "command:"):
        yield label + text
        return
    yield textwrap.fill(
        text,
        _WIDTH,
        initial_indent=label,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _shown(text: str) -> str:
    """A text that others wrote, on one line and of bounded length."""
    return printable(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
