"""The limit: what the client that the manager uses can send, when nobody decides or signs.

For each request the same status patch and the same Event as the manager's, by the manager's own choke point to the
API server, and nothing else: for those that `wait`, so many at once as the manager works on for one issuer, without a
watch; or for those that `come`, told by the manager's own watch, each at once.
"""

from __future__ import annotations

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import load_client
from adapters.kubernetes.reflector import Reflector
from adapters.kubernetes.schema import EVENTS, RequestObject, followed
from adapters.kubernetes.statuses import micro_time
from adapters.memory.metrics import MemoryMetrics
from domain.conditions import message, ready_condition
from domain.effects import RequestStatus
from domain.model import CERTIFICATE_REQUEST
from domain.reasons import RequestReason
from entrypoints.issuer import NAMES, NAMESPACE
from entrypoints.settings import Settings
from tests.support import pki
from tests.support.specs import codec

AT_ONCE = Settings(NAMESPACE).max_concurrent_requests_per_issuer
_PAGE = 500
_ISSUED = RequestReason.ISSUED.value
_REQUESTS = next(each for each in followed(NAMES) if each.kind == CERTIFICATE_REQUEST)


class _ListMeta(msgspec.Struct):
    continue_: str | None = msgspec.field(name="continue", default=None)


class _Page(msgspec.Struct):
    metadata: _ListMeta
    items: list[RequestObject]


async def _main(which: str) -> None:
    api = Api(load_client(MemoryMetrics()), NAMES.controller)
    status = codec(NAMESPACE).status(_issued())
    await {"wait": _drain, "come": _follow}[which](api, status)
    await asyncio.Event().wait()


async def _drain(api: Api, status: Mapping[str, Any]) -> None:
    waiting = iter([request async for request in _waiting(api)])

    async def some() -> None:
        for request in waiting:
            await _answer(api, request, status)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(some())


async def _follow(api: Api, status: Mapping[str, Any]) -> None:
    async with asyncio.TaskGroup() as group:

        def put(told: object) -> None:
            if isinstance(told, RequestObject) and _is_asked_for(told):
                group.create_task(_answer(api, told, status))

        await Reflector(
            api, _REQUESTS, put, remove=lambda namespace, name: None, known=tuple, metrics=MemoryMetrics()
        ).run()


def _is_asked_for(request: RequestObject) -> bool:
    conditions = (request.status and request.status.conditions) or ()
    return {each.type for each in conditions} == {"Approved"}


async def _answer(api: Api, request: RequestObject, status: Mapping[str, Any]) -> None:
    meta = request.metadata
    namespace = meta.namespace or ""
    await api.apply_status(_REQUESTS, namespace, meta.name, meta.resourceVersion, status)
    await api.create(EVENTS, namespace, _event(namespace, meta.name, meta.uid))


async def _waiting(api: Api) -> AsyncIterator[RequestObject]:
    token: str | None = ""
    while token is not None:
        body = await api.list_page(_REQUESTS, limit=_PAGE, token=token or None, metadata_only=False)
        page = msgspec.json.decode(body, type=_Page)
        for request in page.items:
            yield request
        token = page.metadata.continue_ or None


def _issued() -> RequestStatus:
    """As long as the manager's: a certificate and its CA."""
    certificate = pki.authority().pem
    ready = ready_condition(_ISSUED, message(_ISSUED), datetime.now(UTC), None)
    return RequestStatus(ready, certificate=certificate, ca=certificate)


def _event(namespace: str, name: str, uid: str) -> dict[str, Any]:
    return {
        "apiVersion": EVENTS.api_version,
        "kind": EVENTS.kind,
        "metadata": {"name": f"{name}.{uuid.uuid4()}", "namespace": namespace},
        "eventTime": micro_time(datetime.now(UTC)),
        "type": _ISSUED.event_type,
        "reason": _ISSUED.reason,
        "action": "Sign",
        "note": message(_ISSUED),
        "reportingController": NAMES.controller,
        "reportingInstance": "bench",
        "regarding": {
            "apiVersion": _REQUESTS.api_version,
            "kind": _REQUESTS.kind,
            "namespace": namespace,
            "name": name,
            "uid": uid,
        },
    }


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
