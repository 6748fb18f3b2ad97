"""The demo from its first line to its verdict.

Law: the manager is the very one that runs in a cluster, only its adapters are in memory; nothing here helps it. The
Secrets come late on purpose, so that one sees requests wait and then be signed.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path

from adapters.clock import SystemClock
from adapters.kubernetes.manifests import BadManifest, Manifests, Reader
from adapters.memory.cluster import MemoryCluster
from adapters.memory.events import MemoryRecorder
from domain.effects import RequestStatus, Status
from domain.model import Approval, Issuer, ObjectKey, Request
from entrypoints.container import in_memory
from entrypoints.demo import show
from entrypoints.demo.world import World
from entrypoints.settings import NAMES, NAMESPACE, Settings

_APPROVED_AFTER, _SECRETS_AFTER, _GIVE_UP_AFTER = 0.3, 3.3, 8.0  # seconds


async def demo(paths: list[Path]) -> bool:
    """Shows what becomes of these manifests; whether all of it ended as it should. Raises BadManifest."""
    cluster, recorder = MemoryCluster(), MemoryRecorder(SystemClock())
    container = in_memory(Settings(cluster_resource_namespace=NAMESPACE), cluster, recorder)
    reader = Reader(NAMES, container.translator())
    manifests = reader.read(paths)
    if not (manifests.issuers or manifests.requests or manifests.certificates):
        raise BadManifest(f"{', '.join(map(str, paths))}: no issuer, request or Certificate to show")
    world = World(cluster, manifests, reader)
    _say_what_happens(manifests)
    stop = asyncio.Event()
    manager = asyncio.create_task(container.manager().run(stop))
    try:
        await _play(world, cluster)
    finally:
        stop.set()
        await manager
    return _report(world.keys, cluster, recorder)


async def _play(world: World, cluster: MemoryCluster) -> None:
    world.apply_all_but_secrets()
    await asyncio.sleep(_APPROVED_AFTER)
    world.approve()
    await asyncio.sleep(_SECRETS_AFTER - _APPROVED_AFTER)
    world.apply_secrets()
    try:
        async with asyncio.timeout(_GIVE_UP_AFTER):
            while not all(_has_ended(cluster, key) for key in world.keys):  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
    except TimeoutError:
        logging.getLogger("demo").warning("not everything has come to its end; this is how it stands:")


def _has_ended(cluster: MemoryCluster, key: ObjectKey) -> bool:
    found = cluster.stored(key)
    if isinstance(found, Issuer):
        return found.ready is not None and found.ready.reason in ("Checked", "Failed")
    return isinstance(found, Request) and (found.is_terminal or _is_left_alone(found))


def _is_left_alone(request: Request) -> bool:
    """Not ours to answer: another's, or denied where the denial is the answer."""
    return request.issuer is None or (request.is_kubernetes and request.approval is Approval.DENIED)


def _report(keys: list[ObjectKey], cluster: MemoryCluster, recorder: MemoryRecorder) -> bool:
    statuses = {key: cluster.status(key) for key in keys}
    roots = [root for status in statuses.values() if (root := show.root_of(status))]
    wrong = []
    for key, status in statuses.items():
        print(f"\n{'─' * 100}\n{show.described(key, status, recorder.about(key))}")
        verified = False
        if (chain := show.chain_of(status)) is not None:
            text, verified = show.certificate(chain, roots)
            print(text)
        if not _is_as_expected(cluster, key, status, verified):
            wrong.append(key)
    print("─" * 100)
    for key in wrong:
        print(f"NOT AS EXPECTED: {key}: see its conditions and Events above")
    print(f"{len(keys) - len(wrong)} of {len(keys)} objects ended as they should.")
    return bool(keys) and not wrong


def _is_as_expected(cluster: MemoryCluster, key: ObjectKey, status: Status | None, verified: bool) -> bool:
    found = cluster.stored(key)
    if isinstance(found, Issuer):
        return found.is_ready
    if not isinstance(found, Request) or _is_left_alone(found):
        return status is None
    if found.approval is Approval.DENIED:
        return isinstance(status, RequestStatus) and status.ready.reason == "Denied"
    return verified


def _say_what_happens(manifests: Manifests) -> None:
    """Progress, live: what the manager logs, and what everybody else does, with the seconds since the start."""
    started = time.monotonic()
    handler = logging.StreamHandler(sys.stdout)
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
