"""Calls to the API server: the only user of lightkube's client and its private parts.

Hence the exact version in the lock, and a test that fails when the private parts change. Names are checked and errors
translated here, so that no caller can forget it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    nullcontext,
)
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
from lightkube import ALL_NS, AsyncClient
from lightkube.core.generic_client import BasicRequest
from lightkube.generic_resource import Generic
from lightkube.types import PatchType

from adapters.kubernetes.decoding import decode
from adapters.kubernetes.errors import Silent, TooLarge, reading, writing
from adapters.kubernetes.names import checked_namespace
from adapters.kubernetes.right_of_way import StatusWritePriority
from adapters.kubernetes.schema import Resource

# After so many seconds without a byte a watch is asked for anew: the connection may be half-open. The API server sends
# a bookmark every minute and about a second (kubernetes/apiserver, pkg/storage/cacher), so a watch that works is seldom
# silent for as long, even where nothing changes.
_SILENCE = 75.0
_NOT_ASCII = re.compile("[\x7f-\uffff]")
_METADATA_ONLY = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
_UNCOMPRESSED = {"Accept-Encoding": "identity"}  # a chunk of gzip may become a thousand times as large in memory
_PAGES = 2  # of lists, in memory at a time


class Api:
    """Calls by resource and name. Namespaces are always given: lightkube would silently use its default one.

    `deadline` is for a whole call, once it is that call's turn; lightkube limits only its phases. `turns` is entered
    before each call and says how many there may be in a while.
    """

    def __init__(
        self,
        client: AsyncClient,
        field_manager: str,
        deadline: timedelta = timedelta(seconds=30),
        turns: AbstractAsyncContextManager[None] = nullcontext(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._client = client
        self._field_manager = field_manager
        self._deadline = deadline.total_seconds()
        self._turns = turns
        self._status_writes = StatusWritePriority()
        self.one_of_few_pages = asyncio.Semaphore(_PAGES)
        """To be held while a page of a list is asked for and read."""

    async def close(self) -> None:
        await self._client.close()

    async def yield_to_status_writes(self, longest: timedelta) -> None:
        """For what can wait: returns when no status write is under way, or after so long."""
        await self._status_writes.yielded(longest.total_seconds())

    async def get(self, resource: Resource, namespace: str, name: str) -> Any:
        where = _where(resource, namespace)
        async with self._call(reading()):
            return await self._client.get(resource.main, resource.segment(name), namespace=where)

    async def get_within(self, resource: Resource, namespace: str, name: str, most: int) -> Any:
        """As `get`; raises TooLarge where the answer has more than `most` bytes."""
        where = _where(resource, namespace)
        request = self._client._client.prepare_request(
            "get", resource.main, name=resource.segment(name), namespace=where, headers=_UNCOMPRESSED
        )
        async with self._call(reading()):
            return decode(await self._read(request, most), resource.main)

    async def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Any:
        resource.segment(body["metadata"]["name"])
        where = _where(resource, namespace)
        async with self._call(writing()):
            return await self._client._client.request("post", resource.main, Generic(**body), namespace=where)

    async def replace(self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any]) -> Any:
        """Puts the whole object in place of the one of its metadata.resourceVersion; returns it."""
        where, segment = _where(resource, namespace), resource.segment(name)
        async with self._call(writing()):
            return await self._client._client.request(
                "put", resource.main, Generic(**body), name=segment, namespace=where
            )

    async def merge(self, resource: Resource, namespace: str, name: str, body: Mapping[str, Any]) -> Any:
        """RFC 7386 merge patch of an object."""
        where = _where(resource, namespace)
        async with self._call(writing()):
            return await self._client.patch(
                resource.main, resource.segment(name), body, namespace=where, patch_type=PatchType.MERGE
            )

    async def apply_status(
        self, resource: Resource, namespace: str, name: str, resource_version: str, status: Mapping[str, Any]
    ) -> Any:
        """Server-side apply of our whole status, fenced by the resource version; returns the object.

        https://kubernetes.io/docs/reference/using-api/server-side-apply/
        """
        where, segment = _where(resource, namespace), resource.segment(name)
        metadata = {"name": name, "resourceVersion": resource_version}
        if where is not None:
            metadata["namespace"] = where
        body = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "status": status}
        with self._status_writes.taken():
            async with self._call(writing()):
                return await self._client.patch(
                    resource.status,
                    segment,
                    _as_yaml(body),
                    namespace=where,
                    patch_type=PatchType.APPLY,
                    field_manager=self._field_manager,
                    force=True,
                )

    async def review(self, resource: Resource, spec: Mapping[str, Any]) -> Any:
        """Has the API server judge; what comes back is an answer and no object: nothing is stored anywhere."""
        body = Generic(apiVersion=resource.api_version, kind=resource.kind, spec=spec)
        async with self._call(reading()):
            return await self._client._client.request("post", resource.main, body)

    async def list_page(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        limit: int,
        token: str | None,
        metadata_only: bool,
        most: int | None = None,
    ) -> bytes:
        """One page of a namespace, or of all of them, undecoded; raises TooLarge beyond `most` bytes."""
        request = self._prepare(resource, namespace, {"limit": limit, "continue": token}, metadata_only)
        async with self._call(reading()):
            return await self._read(request, most)

    @asynccontextmanager
    async def watch(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        resource_version: str,
        seconds: int,
        metadata_only: bool,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The changes of a namespace, or of all of them, as chunks of bytes, for so many seconds, from a version on.

        Raises Silent where the server is: the connection is half-open, nothing has happened since its start, or the
        version is one that it has not reached. One that does not even begin to answer is a failure.
        """
        params = {"resourceVersion": resource_version, "timeoutSeconds": seconds, "allowWatchBookmarks": "true"}
        request = self._prepare(resource, namespace, params, metadata_only, watch=True)
        request.timeout = httpx2.Timeout(10.0, read=_SILENCE)
        await self._turn()
        with reading():
            async with asyncio.timeout(self._deadline):
                response = await self._send(request)
        try:
            yield _until_silent(response.aiter_bytes())
        finally:
            await response.aclose()

    @asynccontextmanager
    async def _call(self, translated: AbstractContextManager[None]) -> AsyncIterator[None]:
        await self._turn()
        with translated:
            async with asyncio.timeout(self._deadline):
                yield

    async def _turn(self) -> None:
        async with self._turns:
            return

    def _prepare(
        self,
        resource: Resource,
        namespace: str | None,
        params: dict[str, Any],
        metadata_only: bool,
        watch: bool = False,
    ) -> BasicRequest:
        everywhere = ALL_NS if resource.namespaced else None
        return self._client._client.prepare_request(
            "list",
            resource.main,
            namespace=everywhere if namespace is None else _where(resource, namespace),
            watch=watch,
            params=params,
            headers=({"Accept": _METADATA_ONLY.format("" if watch else "List")} if metadata_only else {})
            | ({} if watch else _UNCOMPRESSED),
        )

    async def _read(self, request: BasicRequest, most: int | None) -> bytes:
        """The body; raises TooLarge where it has more bytes, of which the rest is not read."""
        response = await self._send(request)
        chunks, size = [], 0
        try:
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if most is not None and size > most:
                    raise TooLarge
                chunks.append(chunk)
        finally:
            await response.aclose()
        return b"".join(chunks)

    async def _send(self, request: BasicRequest) -> httpx2.Response:
        """The answer, whose body is still to be read."""
        inner: Any = self._client._client
        response: httpx2.Response = await inner.send(inner.build_adapter_request(request), stream=True)
        if response.is_error:
            await response.aread()
            inner.raise_for_status(response)
        return response


async def _until_silent(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    with reading():
        try:
            async for chunk in chunks:
                yield chunk
        except httpx2.ReadTimeout:
            raise Silent from None


def _as_yaml(body: Mapping[str, Any]) -> Any:
    """The body as JSON that a YAML parser reads as the same: the API server parses what is applied as YAML.

    YAML takes U+0085, U+2028 and U+2029 for line breaks (YAML 1.1 section 4.2) and refuses other control characters, so
    all but ASCII is escaped; not what lies beyond U+FFFF, for YAML knows no surrogate pairs and reads that as it is.
    """
    text = msgspec.json.encode(body).decode()
    return msgspec.Raw(_NOT_ASCII.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode())


def _where(resource: Resource, namespace: str) -> str | None:
    return checked_namespace(namespace) if resource.namespaced else None
