"""Connections to CAs: used again, never by others, few at once, and closed when they are over."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from adapters.signers.http import pool as module
from adapters.signers.http.client import HTTPRequest, Limits
from adapters.signers.http.pool import ClientPool, Endpoint
from domain.errors import SigningError
from domain.model import Credentials
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import CANARY, PLAIN, SECRET, endpoint, made, refusal
from tests.support.remote.https import client_certificate, serving


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    made = ClientPool(StoppedClock())
    yield made
    await made.close()


# Connections


async def test_connections_are_used_again(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        for _ in range(3):
            await clients.exchange(endpoint(server.url), PLAIN)

    assert len({seen.port for seen in server.seen}) == 1


async def test_other_credentials_never_get_the_same_connection(clients: ClientPool, tmp_path: Path) -> None:
    us = client_certificate("us")
    async with serving(tmp_path) as server:
        for asked in (
            endpoint(server.url),
            endpoint(server.url, version="2"),
            endpoint(server.url, {"password": b"changed, though the version is not"}, version="2"),
            endpoint(server.url, {"tls.crt": us.pem, "tls.key": us.key_pem}, client_certificate=True),
        ):
            await clients.exchange(asked, PLAIN)

    assert len({seen.port for seen in server.seen}) == 4


async def test_so_many_at_once(tmp_path: Path) -> None:
    now, most = 0, 0
    full, go = asyncio.Event(), asyncio.Event()

    async def count(request: web.Request) -> web.Response:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == 3:
            full.set()
        await go.wait()
        now -= 1
        return web.Response()

    async with serving(tmp_path, count) as server, made(limits=Limits(at_once=3)) as clients:
        asked = endpoint(server.url)
        asking = [asyncio.create_task(clients.exchange(asked, PLAIN)) for _ in range(10)]
        await full.wait()
        go.set()
        await asyncio.gather(*asking)

    assert (most, len(server.seen)) == (3, 10)


async def test_waiting_for_a_turn_is_no_failure_of_the_ca(tmp_path: Path) -> None:
    """The first question takes all the time that one may take, and the second waits for it."""
    first = asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if request.path == "/slow":
            first.set()
            await asyncio.Event().wait()
        return web.Response(text="fine")

    limits = Limits(total=timedelta(milliseconds=300), at_once=1)
    async with serving(tmp_path, slow) as server, made(limits=limits) as clients:
        asked = endpoint(server.url)
        blocking = asyncio.create_task(clients.exchange(asked, HTTPRequest("GET", "/slow")))
        await first.wait()
        assert (await clients.exchange(asked, PLAIN)).body == b"fine"
        assert "did not answer within" in await refusal(blocking)


async def test_a_turn_that_does_not_come_is_that_request_s_trouble_not_the_ca_s(tmp_path: Path) -> None:
    """A burst at a CA that is slow but works must not open the issuer's breaker; a check of it passes meanwhile."""
    first, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if request.method == "POST":
            first.set()
            await go.wait()
        return web.Response(text="fine")

    limits = Limits(turn=timedelta(0), at_once=1)
    async with serving(tmp_path, slow) as server, made(limits=limits) as clients:
        asked = endpoint(server.url)
        ordering = asyncio.create_task(clients.exchange(asked, HTTPRequest("POST", "/")))
        await first.wait()
        with pytest.raises(SigningError) as caught:
            await clients.exchange(asked, HTTPRequest("POST", "/"))
        assert (await clients.exchange(asked, PLAIN)).body == b"fine"
        go.set()
        assert (await ordering).body == b"fine"

    assert type(caught.value) is SigningError  # and not IssuerUnhealthy
    assert str(caught.value) == (
        f"{server.url.removeprefix('https://')} was not asked: 1 requests with the same credentials are under way, "
        "and no turn came within 0s; this one is tried again"
    )


async def test_a_turn_that_did_not_come_leaves_its_place_to_others(tmp_path: Path) -> None:
    first, go = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        first.set()
        await go.wait()
        return web.Response(text="fine")

    limits = Limits(turn=timedelta(milliseconds=10), at_once=1)
    async with serving(tmp_path, slow) as server, made(limits=limits) as clients:
        asked = endpoint(server.url)
        holding = asyncio.create_task(clients.exchange(asked, PLAIN))
        await first.wait()
        for _ in range(3):
            await refusal(clients.exchange(asked, PLAIN), SigningError)
        go.set()
        await holding
        assert [(await clients.exchange(asked, PLAIN)).status for _ in range(3)] == [200] * 3


async def test_a_rotated_secret_does_not_cut_off_what_is_under_way(clients: ClientPool, tmp_path: Path) -> None:
    go, first = asyncio.Event(), asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        if request.path == "/slow":
            first.set()
            await go.wait()
        return web.Response(text=request.path)

    async with serving(tmp_path, wait) as server:
        slow = asyncio.create_task(clients.exchange(endpoint(server.url), HTTPRequest("GET", "/slow")))
        await first.wait()
        await clients.exchange(endpoint(server.url, version="2"), PLAIN)
        await clients.close()
        go.set()
        assert (await slow).body == b"/slow"


async def test_only_so_many_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUDGET", 300_000)  # bytes: two clients and their small trust stores
    async with serving(tmp_path) as server, made() as clients:
        asked = [endpoint(f"{server.url}/{number}") for number in range(3)]
        for each in [*asked, asked[0], asked[2]]:
            await clients.exchange(each, PLAIN)
        ports = [seen.port for seen in server.seen]

    assert len(set(ports)) == 4  # the first had to go, and came anew
    assert ports[2] == ports[4]
    gc.collect()  # an unclosed one would complain now


async def test_many_at_once_make_one_client(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as server, made(limits=Limits(at_once=1)) as one_by_one:
        await asyncio.gather(*(one_by_one.exchange(endpoint(server.url), PLAIN) for _ in range(5)))

    assert len({seen.port for seen in server.seen}) == 1


# What nobody may see


async def test_nothing_shows_credentials_or_bodies(
    clients: ClientPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.headers['Authorization']} {await request.text()}")

    basic = "Basic " + base64.b64encode(CANARY.encode()).decode()
    question = HTTPRequest("POST", "/", {"Authorization": basic}, CANARY.encode())
    asked = Endpoint("https://localhost:1", SECRET, Credentials({"password": CANARY.encode()}, "1"))
    async with serving(tmp_path, echo) as server:
        answer = await clients.exchange(endpoint(server.url, {"password": CANARY.encode()}), question)
        await refusal(clients.exchange(asked, question))

    assert answer.body == f"{basic} {CANARY}".encode()
    shown = f"{question!r} {answer!r} {asked!r} {clients!r} {vars(clients)!r} {caplog.text}"
    assert CANARY not in shown
    assert basic not in shown


async def test_a_ca_that_has_no_part_in_the_end_of_its_connection_leaves_no_socket_open(tmp_path: Path) -> None:
    asked, ended = asyncio.Event(), asyncio.Event()

    async def deaf(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.pause_reading()  # TLS's close_notify is not answered
        asked.set()
        await ended.wait()
        request.transport.resume_reading()
        return web.Response()

    async with serving(tmp_path, deaf) as server, made() as clients:
        asking = asyncio.create_task(clients.exchange(endpoint(server.url), PLAIN))
        await asked.wait()
        assert _connections_to(server.url)
        asking.cancel()
        await asyncio.wait([asking])
        await clients.close()
        assert not _connections_to(server.url)
        ended.set()


def _connections_to(url: str) -> list[socket.socket]:
    port = int(url.rsplit(":", 1)[1])
    sockets = [each for each in gc.get_objects() if isinstance(each, socket.socket) and each.fileno() != -1]
    return [each for each in sockets if _peer(each)[1:2] == (port,)]


def _peer(of: socket.socket) -> tuple[object, ...]:
    try:
        return tuple(of.getpeername())
    except OSError:
        return ()
