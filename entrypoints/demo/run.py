"""The demo: runs the real manager on the in-memory adapters with manifest files, and prints what happens.

Secrets are created three seconds late, so that one sees requests wait and then be signed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

from adapters.clock import SystemClock
from adapters.kubernetes.documents import BadManifest
from adapters.kubernetes.manifests import IssuerRef, Manifests, Reader
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from domain.controller.cache import Object
from domain.controller.controller import Controller
from domain.effects import NOTHING, Status
from domain.events import EventSeries
from domain.model import Approval, Issuer, ObjectKey, Request, RequestSnapshot
from domain.reasons import RequestReason
from domain.requests import decide
from domain.retry import Attempt, Moment, RetryPolicy
from entrypoints.container import in_memory, opened
from entrypoints.demo import show
from entrypoints.demo.cluster_users import ClusterUsers
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings

_APPROVED_AFTER, _SECRETS_AFTER, _GIVE_UP_AFTER, _STOP_AFTER = 0.3, 3.3, 8.0, 0.5  # seconds

_DENIED = {each.value.reason for each in (RequestReason.DENIED, RequestReason.SERVICE_ACCOUNT_NOT_ALLOWED)}
"""By somebody's decision, not by a mistake in the files."""


async def demo(paths: list[Path], settings: Settings) -> bool:
    """Shows what becomes of these manifests; whether all of it ended as it should. Raises BadManifest."""
    cluster, recorder = MemoryCluster(), MemoryRecorder(SystemClock())
    container = in_memory(settings, cluster, recorder)
    reader = Reader(NAMES, container.codec())
    manifests = reader.read(paths)
    if not (manifests.issuers or manifests.requests or manifests.certificates or manifests.pods):
        left_out = f"; left out: {', '.join(manifests.ignored)}" if manifests.ignored else ""
        raise BadManifest(
            f"{', '.join(map(str, paths))}: no issuer, request, Certificate or Pod with a certificate to show{left_out}"
        )
    users = ClusterUsers(cluster, manifests, reader)
    _log_progress(manifests)
    stop = asyncio.Event()
    async with opened(container) as manager:
        running = asyncio.create_task(manager.run(stop))
        try:
            await _play(users, cluster)
        finally:
            stop.set()
            await _ended(running, container.controller())
    return _report(users, manifests, cluster, recorder)


async def _ended(manager: asyncio.Task[None], controller: Controller) -> None:
    """Stops the manager, also where a CA does not answer."""
    await asyncio.wait([manager], timeout=_STOP_AFTER)
    controller.cancel()
    await manager


async def _play(users: ClusterUsers, cluster: MemoryCluster) -> None:
    users.apply_all_but_secrets()
    await asyncio.sleep(_APPROVED_AFTER)
    users.approve()
    await asyncio.sleep(_SECRETS_AFTER - _APPROVED_AFTER)
    users.apply_secrets()
    try:
        async with asyncio.timeout(_GIVE_UP_AFTER):
            while not all(_has_ended(cluster, key) for key in users.keys):  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.05)
    except TimeoutError:
        logging.getLogger("demo").warning("not everything has come to its end; this is how it stands:")


def _has_ended(cluster: MemoryCluster, key: ObjectKey) -> bool:
    found = cluster.stored(key)
    if isinstance(found, Issuer):
        return found.ready is not None and found.ready.reason in ("Checked", "Failed")
    return isinstance(found, Request) and _is_done(found)


def _is_done(request: Request) -> bool:
    """Whether the domain does nothing more for it: it has its answer, or no issuer can serve it."""
    snapshot, attempt = RequestSnapshot(request, None), Attempt(request.uid)
    decision = decide(snapshot, attempt, Moment(datetime.now(UTC), timedelta(0)), RetryPolicy(), NAMES)
    return decision == NOTHING or (request.unserved != "" and request.pod is None)


def _report(users: ClusterUsers, manifests: Manifests, cluster: MemoryCluster, recorder: MemoryRecorder) -> bool:
    statuses = {key: cluster.status(key) for key in users.keys}
    known = [root for status in statuses.values() for root in show.roots_of(status)]
    wrong = {}
    for key, status in statuses.items():
        events = recorder.about(key)
        print(f"\n{'─' * 100}\n{show.described(key, status, events)}")
        if (chain := show.chain_of(status)) is not None:
            text, why = show.certificate(chain, show.roots_of(status), known)
            print(text)
        else:
            why = _trouble(cluster.stored(key), status, events, users.references.get(key))
            why = why and why + _absent(cluster.stored(key), manifests)
        if why:
            wrong[key] = why
    print("─" * 100)
    for key, why in wrong.items():
        print(f"NOT AS EXPECTED: {key}: {why}")
    print(f"{len(statuses) - len(wrong)} of {len(statuses)} objects ended as they should.", flush=True)
    return not wrong


def _trouble(
    found: Object, status: Status | None, events: Sequence[EventSeries], reference: IssuerRef | str | None
) -> str:
    """Why an object without a certificate did not end as it should; empty where it did."""
    if isinstance(found, Issuer) and found.is_ready:
        return ""
    if (condition := show.condition_of(status)) is not None:
        return "" if condition.reason in _DENIED else f"{condition.reason}: {condition.message}"
    if events:
        latest = max(events, key=lambda seen: seen.last).event
        return f"{latest.reason}: {latest.note}"
    if isinstance(found, Request) and found.issuer is None and reference is not None:
        return f"{_unserved(reference, found.pod is not None)}; nothing is done for it"
    if isinstance(found, Request) and found.invalid:
        return "its condition InvalidRequest is True; nothing is done for it"
    if isinstance(found, Request) and found.approval is Approval.DENIED:
        return ""
    return "nothing was said about it in time"


def _unserved(reference: IssuerRef | str, of_pod: bool) -> str:
    """Why a request that names this issuer is none of this controller's."""
    if isinstance(reference, str):
        want = f"{NAMES.cluster_issuers}.{NAMES.group}/NAME"
        want += "" if of_pod else f" or {NAMES.issuers}.{NAMES.group}/NAMESPACE.NAME"
        return f"spec.signerName is {reference!r}, which names no issuer of this controller (want {want})"
    if reference.group != NAMES.group:
        said = f"is {reference.group!r}" if reference.group else "is left out and so cert-manager's own"
        return f"spec.issuerRef.group {said}, which is not this controller's ({NAMES.group})"
    return "spec.issuerRef.name is empty, which names no issuer"


def _absent(found: Object, manifests: Manifests) -> str:
    """The remedy where an object names another one that is not in the files."""
    there: Collection[ObjectKey] = manifests.secrets
    match found:
        case Issuer():
            wanted, fields = found.spec.secret, "spec.authSecretName"
            if not found.key.namespace:
                fields += " or --cluster-resource-namespace"
        case Request(issuer=ObjectKey() as issuer):
            wanted, there = issuer, [each.key for each in manifests.issuers]
            fields = "spec.signerName" if found.is_kubernetes or found.pod else "spec.issuerRef"
        case _:
            return ""
    if wanted in there:
        return ""
    alike = ", ".join(str(key) for key in there if key.name == wanted.name)
    return f"; {wanted} is not in the files{alike and f', only {alike} is'}: add it, or correct {fields}"


class _Lines(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Where the reader of a pipe has gone, as in `make demo | head`, the last line of the report ends the demo."""
        if not isinstance(sys.exc_info()[1], BrokenPipeError):
            super().handleError(record)


def _log_progress(manifests: Manifests) -> None:
    """Progress, live: what the manager logs, and what users and cert-manager do, with the seconds since the start."""
    started = time.monotonic()
    handler = _Lines(sys.stdout)
    handler.setFormatter(logging.Formatter("%(elapsed)6.2f s  %(message)s"))

    def elapsed(record: logging.LogRecord) -> bool:
        record.elapsed = time.monotonic() - started
        return True

    handler.addFilter(elapsed)
    for name in ("issuer", "demo"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO)
    if manifests.ignored:
        logging.getLogger("demo").info("not needed here and left out: %s", ", ".join(manifests.ignored))
