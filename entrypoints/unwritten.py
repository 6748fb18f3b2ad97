"""States of objects that no condition tells, in the words of a Reason, for the command `explain`."""

from __future__ import annotations

import shlex
from typing import NamedTuple

from domain.model import Request
from entrypoints.issuer import NAMES, NAMESPACE

NO_CONDITION = "no condition of the controller says how it stands"


class State(NamedTuple):
    """A state of an object that no reason stands for, in the words of a Reason."""

    head: str
    means: str
    rule: str
    remedy: str
    command: str = ""


_MANAGER = f"kubectl get pods,lease --namespace={NAMESPACE}"
DELETED = State(
    "being deleted",
    "The controller does nothing with an object that is being deleted.",
    "decide, of domain/issuers.py or domain/requests.py: metadata.deletionTimestamp is set.",
    "Do nothing. If it does not disappear, another program holds it by one of its metadata.finalizers.",
)
NOT_SEEN = State(
    NO_CONDITION,
    "The controller has written nothing about this object yet. After some seconds that means: no manager works on it.",
    "no rule: a manager writes a condition as soon as it sees such an object.",
    "See whether a manager runs and holds the Lease, and read its log. If it has the flag --namespaces, the namespace"
    " of this object must be in it.",
    _MANAGER,
)
OLDER = State(
    "the Ready condition is older than the spec",
    "The check of the present spec has not ended; after a minute that means: no manager works on it. Requests wait.",
    "domain/model.py, Issuer.is_current: observedGeneration of Ready is not metadata.generation.",
    "Wait a minute. Then see whether a manager runs and holds the Lease, and read its log.",
    _MANAGER,
)


def in_events(request: Request) -> State:
    """For kinds without a Ready condition."""
    kind, namespace = request.key.kind, request.key.namespace or "default"
    return State(
        NO_CONDITION,
        f"The request may be signed, and is not answered yet. Events say what a {kind} waits for.",
        f"domain/requests.py, decide and settle: only a final answer is a condition of a {kind}.",
        "Explain its Events. If there are none, see whether a manager runs and holds the Lease.",
        f"kubectl get events --namespace={shlex.quote(namespace)} --output=yaml | {NAMES.controller} explain -",
    )
