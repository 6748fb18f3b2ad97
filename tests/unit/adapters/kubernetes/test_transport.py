"""What the transport sends and raises is what httpx2's own would.

Real sockets; each server here does one thing to whoever connects.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.kubeconfig import Cluster, User
from adapters.kubernetes.schema import SECRETS
from adapters.kubernetes.tls import Tls
from adapters.kubernetes.transport import AiohttpTransport
from adapters.memory.metrics import MemoryMetrics
from domain.errors import Transient
from tests.unit.adapters.kubernetes.wire import access

Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_TLS = Tls(Cluster(), User())


@asynccontextmanager
async def serving(behave: Server) -> AsyncIterator[str]:
    """The URL of a server that behaves so after it has read a request's head."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@asynccontextmanager
async def talking(read: float = 10.0) -> AsyncIterator[httpx2.AsyncClient]:
    timeout = httpx2.Timeout(10.0, read=read)
    async with httpx2.AsyncClient(transport=AiohttpTransport(_TLS, proxy=None), timeout=timeout) as http:
        yield http


def saying(answer: bytes) -> Server:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    return say


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the client has had enough


CUT_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"", httpx2.RemoteProtocolError),
        (b"no HTTP\r\n\r\n", httpx2.RemoteProtocolError),
        (CUT_OFF, httpx2.RemoteProtocolError),
    ],
    ids=["nothing", "garbage", "half a body"],
)
async def test_a_broken_answer_is_a_protocol_error(answer: bytes, expected: type[Exception]) -> None:
    async with serving(saying(answer)) as url, talking() as http:
        with pytest.raises(expected):
            await http.patch(url, content=b"{}")


async def test_an_answer_that_does_not_come_is_a_read_timeout() -> None:
    async with serving(silent) as url, talking(read=0.05) as http:
        with pytest.raises(httpx2.ReadTimeout):
            await http.get(url)


async def test_a_body_that_does_not_end_is_a_read_timeout() -> None:
    async def stall(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await saying(CUT_OFF)(reader, writer)
        await silent(reader, writer)

    async with serving(stall) as url, talking(read=0.05) as http:
        with pytest.raises(httpx2.ReadTimeout):
            await http.get(url)


async def test_nobody_there_is_a_connect_error() -> None:
    async with serving(silent) as url:
        pass
    async with talking() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(url)


async def test_a_server_that_does_not_speak_tls_is_a_connect_error() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(plain) as url, talking() as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get(url.replace("http:", "https:"))


async def test_what_is_sent_is_what_httpx2_says() -> None:
    head = bytearray()

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head.extend(await reader.readuntil(b"\r\n\r\n"))
        head.extend(await reader.readexactly(2))
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")

    async with serving(note) as url, talking() as http:
        answer = await http.patch(
            f"{url}/a%7Eb/c?labels=a%2Cb", content=b"{}", headers={"Content-Type": "application/apply-patch+yaml"}
        )
    first, *rest = bytes(head).decode().split("\r\n")
    names = sorted(line.partition(":")[0].lower() for line in rest if ":" in line)
    assert answer.status_code == 302, "redirects are for httpx2 to follow"
    assert first == "PATCH /a%7Eb/c?labels=a%2Cb HTTP/1.1"
    assert "content-type: application/apply-patch+yaml" in bytes(head).decode().lower()
    assert names == ["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"]


async def test_a_packed_body_is_unpacked_once() -> None:
    packed = gzip.compress(b"plain")
    answer = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    async with serving(saying(answer)) as url, talking() as http:
        assert (await http.get(url)).content == b"plain"


async def test_connections_are_used_again() -> None:
    connections = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while not reader.at_eof():
            try:
                await saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")(reader, writer)
            except asyncio.IncompleteReadError:
                return

    async with serving(count) as url, talking() as http:
        for _ in range(3):
            assert (await http.get(url)).content == b"ok"
        assert connections == 1


@pytest.mark.parametrize(
    ("no_proxy", "asked"), [("", ["http://api.example.com/api/v1/namespaces/n/secrets/x"]), ("example.com", [])]
)
async def test_the_proxy_of_the_environment_is_used(
    no_proxy: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async with serving(proxy) as url:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.setenv("no_proxy", no_proxy)
        api = Api(client_of(access("http://api.example.com"), MemoryMetrics()), "tester")
        with pytest.raises(Transient):  # no proxy, and there is no api.example.com; or an answer that is no JSON
            await api.get(SECRETS, "n", "x")
        await api.close()
    assert seen == asked
