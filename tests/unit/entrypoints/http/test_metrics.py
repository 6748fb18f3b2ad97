"""What is served at --metrics-bind-address, in the clear and by TLS."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from adapters.clock import SystemClock
from adapters.memory.cluster import MemoryCluster
from adapters.memory.recorder import MemoryRecorder
from entrypoints.container import in_memory
from entrypoints.flag_types import Address
from entrypoints.http.serving import CannotListen
from entrypoints.settings import Settings
from tests.unit.adapters.prometheus.scraping import Scraped
from tests.unit.entrypoints.http.scraped import running


async def test_in_the_clear_everybody_reads_them() -> None:
    async with running(secure=False) as manager:
        status, kind, page = await manager.scrape()
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert Scraped(page).get("leader") == 1


async def test_by_tls_only_who_shows_a_token() -> None:
    async with running(secure=True) as manager:
        assert (await manager.scrape())[0] == 401
        status, _, page = await manager.scrape(Authorization="Bearer x")
    assert status == 200
    assert Scraped(page).get("leader") == 1


@pytest.mark.parametrize("wanted", ["text/html", "nonsense; version=x", "text/plain; version=x"])
async def test_whatever_is_asked_for_there_is_text(wanted: str) -> None:
    async with running(secure=False) as manager:
        status, kind, _ = await manager.scrape(Accept=wanted)
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")


async def test_who_asks_for_openmetrics_gets_it() -> None:
    async with running(secure=False) as manager:
        status, kind, page = await manager.scrape(Accept="application/openmetrics-text; version=1.0.0")
    assert (status, kind.partition("; escaping")[0]) == (
        200,
        "application/openmetrics-text; version=1.0.0; charset=utf-8",
    )
    assert page.endswith(b"# EOF\n")


async def test_who_speaks_plain_http_to_tls_gets_nothing() -> None:
    async with running(secure=True) as manager:
        manager.url = manager.url.replace("https", "http")
        with pytest.raises(aiohttp.ClientError):
            await manager.scrape(Authorization="Bearer x")


async def test_a_taken_port_is_one_line_that_names_the_flag() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = Address("127.0.0.1", taken.getsockname()[1])
        settings = Settings("system", metrics_bind_address=address, metrics_secure=False)
        metrics = in_memory(settings, MemoryCluster(), MemoryRecorder(SystemClock())).metrics_server()
        with pytest.raises(CannotListen) as caught:
            async with metrics.run():
                pass
    assert str(caught.value) == f"--metrics-bind-address: cannot listen on {address}: Address already in use"


async def test_by_default_nothing_is_served() -> None:
    metrics = in_memory(Settings("system"), MemoryCluster(), MemoryRecorder(SystemClock())).metrics_server()
    async with metrics.run():
        pass
