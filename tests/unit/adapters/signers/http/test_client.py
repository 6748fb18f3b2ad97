"""A CA that cannot be spoken to, or asks to be left alone: what people are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from adapters.signers.http.client import LONGEST_PAUSE, Limits, schemes
from adapters.signers.http.pool import ClientPool
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import CANARY, PLAIN, SHORT, endpoint, made, refusal
from tests.support.remote.https import fine, serving


@pytest.fixture
async def clients() -> AsyncIterator[ClientPool]:
    made = ClientPool(StoppedClock())
    yield made
    await made.close()


# What goes wrong on the way


async def test_nobody_there(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path) as server:
        pass

    told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert told == (
        f"{server.url.removeprefix('https://')} cannot be reached (connection refused); "
        "see that the CA runs, and spec.url"
    )


async def test_no_tls_there(clients: ClientPool, tmp_path: Path) -> None:
    async with serving(tmp_path, plain=True) as server:
        told = await refusal(clients.exchange(endpoint(server.url.replace("http:", "https:")), PLAIN))

    assert "does not speak TLS with us" in told


async def test_tls_and_then_no_http(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(f"{CANARY} is no status line\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener, made(allow_http=True) as clients:
        told = await refusal(clients.exchange(endpoint(url), PLAIN))

    assert "does not answer as an HTTP server does" in told


async def test_an_answer_without_end(tmp_path: Path) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(CANARY.encode() * 100)
            sent += 1

    async with serving(tmp_path, endless) as server, made(limits=Limits(body=10_000)) as clients:
        told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert "answers with more than 10,000 bytes" in told


@pytest.mark.parametrize("started", [False, True], ids=["before the first byte", "in the middle"])
async def test_an_answer_that_does_not_come(tmp_path: Path, started: bool) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        if started:
            await answer.prepare(request)
            await answer.write(CANARY.encode())
        await asyncio.Event().wait()
        return answer

    async with serving(tmp_path, slow) as server, made(limits=SHORT) as clients:
        told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert "did not answer within 0.2s" in told


async def test_a_connection_that_is_not_made(tmp_path: Path) -> None:
    """The other end takes the connection and says nothing: no TLS comes about."""

    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    limits = Limits(connect=timedelta(milliseconds=100))
    async with made(limits=limits) as clients:
        told = await refusal(
            clients.exchange(endpoint(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"), PLAIN)
        )
    listener.close()
    await gone.wait()

    assert "could not be connected to within 0.1s" in told


async def test_an_answer_that_is_cut_off(clients: ClientPool, tmp_path: Path) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        await answer.write(CANARY.encode())
        assert request.transport
        request.transport.abort()
        return answer

    async with serving(tmp_path, cut) as server:
        told = await refusal(clients.exchange(endpoint(server.url), PLAIN))

    assert "broke the connection off" in told


# What a 401 asks for


@pytest.mark.parametrize(
    ("challenges", "found"),
    [
        ([], set()),
        (['Basic realm="est"'], {"Basic"}),
        (['digest realm="a, Basic b", nonce="c"'], {"Digest"}),
        ([r'Digest realm="a \", Basic b"'], {"Digest"}),
        ([r'Digest realm="C:\\", Basic realm="b"'], {"Digest", "Basic"}),
        (["Digest realm=a, Basic realm=b"], {"Digest", "Basic"}),
        (["Digest realm=a", "NEGOTIATE"], {"Digest", "Negotiate"}),
        (["Negotiate YII=, Basic=1, ,"], {"Negotiate"}),
        ([CANARY, f'Digest {CANARY}="'], {"Digest"}),
    ],
)
def test_only_known_schemes_are_taken_from_www_authenticate(challenges: list[str], found: set[str]) -> None:
    assert schemes(challenges) == found


async def test_an_answer_says_which_schemes_every_header_offers(clients: ClientPool, tmp_path: Path) -> None:
    async def refuse(request: web.Request) -> web.Response:
        answer = web.Response(status=401)
        for challenge in ('Basic realm="x"', f"Digest {CANARY}=1", CANARY):
            answer.headers.add("WWW-Authenticate", challenge)
        return answer

    async with serving(tmp_path, refuse) as server:
        answer = await clients.exchange(endpoint(server.url), PLAIN)

    assert answer.schemes == {"Basic", "Digest"}


# A CA that asks to be left alone


@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(seconds=120)),
        ("999999999", LONGEST_PAUSE),
        ("date", timedelta(seconds=90)),
        ("", timedelta(0)),
        ("soon", timedelta(0)),
        ("-5", timedelta(0)),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", timedelta(0)),
        ("Mon, 01 Jan 2030 00:00:00 +99999999999999", timedelta(0)),
        ("0", timedelta(0)),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured_whoever_asks(tmp_path: Path, header: str, pause: timedelta, status: int) -> None:
    clock = StoppedClock()
    value = header
    if header == "date":
        value = (clock.now() + timedelta(seconds=90)).strftime("%a, %d %b %Y %H:%M:%S GMT")

    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=status, text=CANARY, headers={"Retry-After": value} if value else {})

    clients = ClientPool(clock)
    async with serving(tmp_path, busy) as server:
        asked = endpoint(server.url)
        assert f"(HTTP {status})" in await refusal(clients.exchange(asked, PLAIN))
        if pause:
            clock.time += pause - timedelta(seconds=1)
            assert "asked not to be asked before" in await refusal(clients.exchange(asked, PLAIN))
            clock.time += timedelta(seconds=1)
        assert len(server.seen) == 1
        server.handler = fine
        assert (await clients.exchange(asked, PLAIN)).body == b"fine"
    await clients.close()


@pytest.mark.parametrize("set_back", [timedelta(hours=2), timedelta(hours=-2)], ids=["back", "ahead"])
async def test_a_pause_ends_when_it_should_though_the_wall_clock_is_set(tmp_path: Path, set_back: timedelta) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": "60"})

    clock = StoppedClock()
    clients = ClientPool(clock)
    async with serving(tmp_path, busy) as server:
        asked, end = endpoint(server.url), clock.now() + timedelta(seconds=60)
        await refusal(clients.exchange(asked, PLAIN))
        clock.set_back = set_back
        clock.time += timedelta(seconds=59)
        assert f"asked not to be asked before {end:%H:%M:%S} UTC" in await refusal(clients.exchange(asked, PLAIN))
        clock.time += timedelta(seconds=1)
        server.handler = fine
        assert (await clients.exchange(asked, PLAIN)).body == b"fine"
    await clients.close()


@pytest.mark.parametrize("status", [200, 202, 400, 401, 403, 404, 500])
async def test_what_else_is_answered_is_the_signers(clients: ClientPool, tmp_path: Path, status: int) -> None:
    async def other(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Retry-After": "7"})

    async with serving(tmp_path, other) as server:
        answer = await clients.exchange(endpoint(server.url), PLAIN)

    assert (answer.status, answer.retry_after) == (status, timedelta(seconds=7))
