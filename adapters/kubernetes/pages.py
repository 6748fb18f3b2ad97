"""A list in pages that are bounded in bytes, whatever the objects hold.

- A page that has more than `_MOST_BYTES` is given up and asked for again with a quarter of the limit, down to one
  object, which is taken at any size: etcd lets none have more than about 1.5 MiB.
- While pages are small the limit grows again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from adapters.kubernetes.api import Api
from adapters.kubernetes.decoding import decode
from adapters.kubernetes.errors import TooLarge, reading
from adapters.kubernetes.schema import Resource

_MOST_BYTES = 8 * 2**20
_MOST_OBJECTS = 500

Take = Callable[[str, Sequence[msgspec.Raw]], None]
"""Is given the version of a list and the objects of a page, which are views of its body: it keeps none of them."""


class _ListMeta(msgspec.Struct):
    resourceVersion: str = ""
    continue_: str | None = msgspec.field(name="continue", default=None)


class _Page(msgspec.Struct):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None = None


async def read_pages(api: Api, resource: Resource, namespace: str | None, metadata_only: bool, take: Take) -> str:
    """Has `take` called with each page; returns the version of the list. Others run between pages."""
    limit, token = _MOST_OBJECTS, None
    while True:
        async with api.one_of_few_pages:
            most = _MOST_BYTES if limit > 1 else None
            try:
                body = await api.list_page(
                    resource, namespace=namespace, limit=limit, token=token, metadata_only=metadata_only, most=most
                )
            except TooLarge:
                limit = max(limit // 4, 1)
                continue
            if len(body) < _MOST_BYTES // 4:
                limit = min(limit * 2, _MOST_OBJECTS)
            meta = _taken(body, take)
            del body  # not to be kept while the next page comes
        if not meta.continue_:
            return meta.resourceVersion
        token = meta.continue_
        await asyncio.sleep(0)


async def read_version(api: Api, resource: Resource, namespace: str | None, metadata_only: bool) -> str:
    """The version that a list would have now."""
    async with api.one_of_few_pages:
        body = await api.list_page(resource, namespace=namespace, limit=1, token=None, metadata_only=metadata_only)
        return _taken(body, lambda version, items: None).resourceVersion


def _taken(body: bytes, take: Take) -> _ListMeta:
    with reading():
        page = decode(body, _Page)
    take(page.metadata.resourceVersion, page.items or ())
    return page.metadata
