"""HTTP to the API server as administrator, for all that is not measured: loading, watching, counting, removing.

Not the client under test. It decodes the few fields that it needs, so that it takes little of the machine.
"""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import msgspec
from lightkube import KubeConfig
from lightkube.config.client_adapter import AsyncClient, ConnectionParams

REQUESTS = "/apis/cert-manager.io/v1/namespaces/{}/certificaterequests"
POD_REQUESTS = "/apis/certificates.k8s.io/v1/namespaces/{}/podcertificaterequests"
EVENTS = "/apis/events.k8s.io/v1/namespaces/{}/events"


class Condition(msgspec.Struct):
    type: str
    status: str


class Status(msgspec.Struct):
    conditions: list[Condition] = []


class Meta(msgspec.Struct, rename="camel"):
    name: str = ""
    resource_version: str = ""


class ListMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    remaining_item_count: int = 0


class Object(msgspec.Struct):
    metadata: Meta = msgspec.field(default_factory=Meta)
    status: Status = msgspec.field(default_factory=Status)

    @property
    def is_ready(self) -> bool:
        return any(each.type in ("Ready", "Issued") and each.status == "True" for each in self.status.conditions)


class Change(msgspec.Struct):
    type: str
    object: Object


class ObjectList(msgspec.Struct):
    metadata: ListMeta
    items: list[Object]


@dataclass(frozen=True, slots=True)
class Client:
    http: httpx2.AsyncClient

    async def create(self, path: str, body: Any) -> bytes:
        return await self._send("POST", path, body)

    async def approve(self, namespace: str, name: str, request: bytes) -> float:
        """As cert-manager's approver does; returns when it was asked for."""
        body = msgspec.json.decode(request)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        words = {"reason": "bench", "message": "approved by the benchmark", "lastTransitionTime": now}
        body["status"] = {"conditions": [{"type": "Approved", "status": "True", **words}]}
        asked = time.monotonic()
        await self._send("PUT", f"{REQUESTS.format(namespace)}/{name}/status", body)
        return asked

    async def all_ready(self, path: str) -> bool:
        found = await self._list(path, {})
        return all(each.is_ready for each in found.items)

    async def version(self, path: str) -> str:
        """The resource version of a list as it is now."""
        return (await self._list(path, {"limit": "1"})).metadata.resource_version

    async def count(self, path: str) -> int:
        found = await self._list(path, {"limit": "1"})
        return len(found.items) + found.metadata.remaining_item_count

    async def remove_all(self, path: str) -> None:
        await self._send("DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1"})

    async def remove(self, path: str, name: str) -> None:
        await self._send("DELETE", f"{path}/{name}", {"kind": "DeleteOptions", "apiVersion": "v1"})

    async def became_ready(self, path: str, version: str) -> AsyncGenerator[tuple[str, float], None]:
        """The name of each object that is told as Ready, and when; the same one again when it changes."""
        params = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "3600"}
        async with self.http.stream("GET", path, params=params, timeout=None) as answer:
            answer.raise_for_status()
            rest = b""
            async for chunk in answer.aiter_bytes():
                now = time.monotonic()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    told = msgspec.json.decode(line, type=Change).object
                    if told.is_ready:
                        yield told.metadata.name, now

    async def _list(self, path: str, params: dict[str, str]) -> ObjectList:
        answer = await self.http.get(path, params=params)
        answer.raise_for_status()
        return msgspec.json.decode(answer.content, type=ObjectList)

    async def _send(self, method: str, path: str, body: Any) -> bytes:
        headers = {"Content-Type": "application/json"}
        answer = await self.http.request(method, path, content=msgspec.json.encode(body), headers=headers)
        answer.raise_for_status()
        return answer.content


def connected(kubeconfig: Path) -> Client:
    timeout = httpx2.Timeout(300)  # removing ten thousand objects is one call
    config = KubeConfig.from_file(kubeconfig).get()
    assert config is not None
    return Client(AsyncClient(config, ConnectionParams(timeout=timeout)))


def base64_text(data: bytes) -> str:
    return base64.b64encode(data).decode()
