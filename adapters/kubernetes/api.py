"""Calls to the API server. Names are checked and errors translated here, so that no caller can forget it."""

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
from lightkube.types import PatchType

from adapters.kubernetes.client import delete, send
from adapters.kubernetes.decoding import decode
from adapters.kubernetes.errors import Silent, TooLarge, reading, writing
from adapters.kubernetes.names import checked_namespace
from adapters.kubernetes.schema import Resource, discovery

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

    `deadline` is for a whole call, once it is that call's turn; lightkube limits only its phases. `rate_limiter`
    is entered before each call.
    """

    def __init__(
        self,
        client: AsyncClient,
        field_manager: str,
        deadline: timedelta = timedelta(seconds=30),
        rate_limiter: AbstractAsyncContextManager[None] = nullcontext(),  # noqa: B008 - it holds nothing
    ) -> None:
        self._client = client
        self._field_manager = field_manager
        self._deadline = deadline.total_seconds()
        self._rate_limiter = rate_limiter
        self.one_of_few_pages = asyncio.Semaphore(_PAGES)
        """To be held while a page of a list is asked for and read."""

    async def close(self) -> None:
        await self._client.close()

    async def get(self, resource: Resource, namespace: str, name: str) -> Any:
        where = _where(resource, namespace)
        async with self._call(reading()):
            return await self._client.get(resource.main, resource.segment(name), namespace=where)

    async def get_within(self, resource: Resource, namespace: str, name: str, most: int) -> Any:
        """As `get`; raises TooLarge where the answer has more than `most` bytes."""
        where = _where(resource, namespace)
        segment = resource.segment(name)
        async with self._call(reading()):
            response = await send(self._client, resource.main, name=segment, namespace=where, headers=_UNCOMPRESSED)
            return decode(await _read(response, most), resource.main)

    async def create(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Any:
        written = _named(resource, namespace, body)
        async with self._call(writing()):
            return resource.read(await self._client.create(written))

    async def replace(self, resource: Resource, namespace: str, body: Mapping[str, Any]) -> Any:
        """Puts the whole object in place of the one of its metadata.resourceVersion; returns it."""
        written, segment = _named(resource, namespace, body), resource.segment(body["metadata"]["name"])
        async with self._call(writing()):
            return resource.read(await self._client.replace(written, name=segment))

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

    async def delete(self, resource: Resource, namespace: str, name: str, resource_version: str) -> None:
        """Deletes the object if it is still at this resource version; raises Conflict if it is not."""
        where, segment = _where(resource, namespace), resource.segment(name)
        async with self._call(writing()):
            await delete(self._client, resource.main, segment, where, resource_version)

    async def review(self, resource: Resource, spec: Mapping[str, Any]) -> Any:
        """Creates a review: the API server answers in its status, and stores nothing."""
        async with self._call(reading()):
            return resource.read(await self._client.create(resource.generic(spec=spec)))

    async def serves(self, resource: Resource) -> bool:
        """Whether the API server has this kind. https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api"""
        index = discovery(resource)
        async with self._call(reading()):
            response = await send(self._client, index.main, namespace=None)
            found = decode(await _read(response, None), index.main)
        return any(each.name == resource.plural for each in found.resources or ())

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
        headers = ({"Accept": _METADATA_ONLY.format("List")} if metadata_only else {}) | _UNCOMPRESSED
        where, params = _everywhere(resource, namespace), {"limit": limit, "continue": token}
        async with self._call(reading()):
            response = await send(self._client, resource.main, namespace=where, params=params, headers=headers)
            return await _read(response, most)

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
        where = _everywhere(resource, namespace)
        await self._turn()
        with reading():
            async with asyncio.timeout(self._deadline):
                response = await send(
                    self._client,
                    resource.main,
                    namespace=where,
                    watch=True,
                    params={
                        "resourceVersion": resource_version,
                        "timeoutSeconds": seconds,
                        "allowWatchBookmarks": "true",
                    },
                    headers={"Accept": _METADATA_ONLY.format("")} if metadata_only else {},
                    timeouts=httpx2.Timeout(10.0, read=_SILENCE),
                )
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
        async with self._rate_limiter:
            return


async def _read(response: httpx2.Response, most: int | None) -> bytes:
    """The body; raises TooLarge where it has more bytes, of which the rest is not read."""
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


def _everywhere(resource: Resource, namespace: str | None) -> str | None:
    """As `_where`, but all namespaces where none is given."""
    if namespace is not None:
        return _where(resource, namespace)
    return ALL_NS if resource.namespaced else None


def _named(resource: Resource, namespace: str, body: Mapping[str, Any]) -> Any:
    """The object to write, in this namespace: without one, lightkube would write into its default namespace."""
    where, _ = _where(resource, namespace), resource.segment(body["metadata"]["name"])
    metadata = {**body["metadata"], "namespace": where} if where else body["metadata"]
    return resource.generic(**{**body, "metadata": metadata})
