"""Lists are bounded in bytes: a page that is too large comes again in smaller ones, and few are read at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from adapters.kubernetes import pages
from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.errors import TooLarge
from adapters.memory.metrics import MemoryMetrics
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, page
from tests.unit.adapters.kubernetes.reflecting import an_object, following, until
from tests.unit.adapters.kubernetes.wire import REQUESTS, Wire, access


async def test_a_page_that_is_too_large_comes_again_in_smaller_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST_BYTES", 2000)
    large, small = an_object("large", spec={"note": "x" * 3000}), an_object("small")
    script = [
        page(small, large),
        page(small, token="a"),
        page(large, small),
        page(large, small),
        page(large, small),
        page(large, small),
        page(large, token="b"),
        page(an_object("last"), version="12"),
    ]
    async with FakeApiServer(script) as server, following(server) as seen:
        await until(lambda: server.watches)
        assert [int(asked.query["limit"]) for asked in server.lists] == [500, 125, 250, 62, 15, 3, 1, 1]
        assert [asked.query.get("continue") for asked in server.lists] == [None, None, *"aaaaab"]
        assert seen.told == ["small@11", "large@11", "last@11"]
        assert server.versions == ["12"]


async def test_no_more_is_read_than_is_taken() -> None:
    read = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 1000:
            read += 1
            yield b"x" * 10

    wire = Wire(lambda _: httpx2.Response(200, content=chunks()))
    with pytest.raises(TooLarge):
        await wire.api.list_page(REQUESTS, limit=9, token=None, metadata_only=False, most=100)
    assert read == 11
    assert wire.only.headers["Accept-Encoding"] == "identity", "what is compressed may be of any size in memory"


async def test_few_pages_are_read_at_a_time() -> None:
    async with FakeApiServer([page(), page()]) as server:
        api = Api(client_of(access(server.url), MemoryMetrics()), "tester")
        async with api.one_of_few_pages, api.one_of_few_pages:
            listing = asyncio.create_task(pages.read_pages(api, REQUESTS, None, False, lambda version, items: None))
            await api.list_page(REQUESTS, limit=1, token=None, metadata_only=False)  # as long as the other would take
            assert len(server.lists) == 1
        assert await listing == "10"
        await api.close()
