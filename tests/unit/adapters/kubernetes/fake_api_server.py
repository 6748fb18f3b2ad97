"""An API server on a socket, that plays a script.

It does to a connection what no HTTP library would: cuts it, leaves it half an answer, sends single bytes. Lists
are answered from one script, watches from another; when that of the watches is at its end, they stay open and silent.
Discovery has a script of its own too; at its end, it says what `served` has.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

DISCOVERY = "/apis/certificates.k8s.io/v1/"
End = Literal["ends", "is cut", "stays"]


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer in one piece."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})


@dataclass(frozen=True)
class Stream:
    """The chunks of a watch; `then` it ends as it should, the connection is cut, or nothing more happens."""

    chunks: Iterable[bytes] = ()
    then: End = "stays"


def page(*objects: Any, version: str = "10", token: str = "") -> Reply:
    """One page of a list, with the token of the next."""
    metadata = {"resourceVersion": version, "continue": token}
    return Reply(json.dumps({"metadata": metadata, "items": objects}).encode())


def index(*plurals: str) -> Reply:
    """The kinds that the API server has in a group and version."""
    return Reply(json.dumps({"resources": [{"name": plural} for plural in plurals]}).encode())


def failure(code: int, retry_after: str | None = None) -> Reply:
    headers = {"Content-Type": "application/json"} | ({"Retry-After": retry_after} if retry_after else {})
    return Reply(json.dumps({"kind": "Status", "code": code, "message": "said so"}).encode(), code, headers)


def line(change: str, told: Any) -> bytes:
    return json.dumps({"type": change, "object": told}, ensure_ascii=False).encode() + b"\n"


class FakeApiServer:
    """`asked` is what came; `watching` counts the watches that are open; `served` are of certificates.k8s.io."""

    served: tuple[str, ...] = ("certificatesigningrequests", "podcertificaterequests")

    def __init__(
        self,
        lists: Iterable[Reply] = (),
        watches: Iterable[Reply | Stream] = (),
        discoveries: Iterable[Reply] = (),
    ) -> None:
        self.asked: list[Asked] = []
        self.watching = 0
        self._lists, self._watches, self._discoveries = deque(lists), deque(watches), deque(discoveries)
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def lists(self) -> list[Asked]:
        return [asked for asked in self.asked if "watch" not in asked.query and asked.path != DISCOVERY]

    @property
    def watches(self) -> list[Asked]:
        return [asked for asked in self.asked if "watch" in asked.query]

    @property
    def versions(self) -> list[str]:
        """From which resource versions on watches were asked for."""
        return [asked.query["resourceVersion"] for asked in self.watches]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                await self._answer(_parsed(await reader.readuntil(b"\r\n\r\n")), reader, writer)
        writer.close()
        self._connections.discard(task)

    async def _answer(self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(asked)
        if asked.path == DISCOVERY:
            _reply(self._discoveries.popleft() if self._discoveries else index(*self.served), writer)
            return
        if "watch" not in asked.query:
            _reply(self._lists.popleft() if self._lists else failure(500), writer)
            return
        answer = self._watches.popleft() if self._watches else Stream()
        if isinstance(answer, Reply):
            _reply(answer, writer)
            return
        self.watching += 1
        try:
            await _stream(answer, reader, writer)
        finally:
            self.watching -= 1


def _parsed(head: bytes) -> Asked:
    first, *rest = head.decode().split("\r\n")
    url = urlsplit(first.split(" ")[1])
    headers = dict(each.split(": ", 1) for each in rest if each)
    return Asked(url.path, dict(parse_qsl(url.query)), {name.lower(): value for name, value in headers.items()})


def _reply(reply: Reply, writer: asyncio.StreamWriter) -> None:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    writer.write(_head(reply.status, headers) + reply.body)


async def _stream(stream: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(_head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}))
    for chunk in stream.chunks:
        writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        await writer.drain()
    if stream.then == "ends":
        writer.write(b"0\r\n\r\n")
    elif stream.then == "is cut":
        await writer.drain()
        writer.close()
        raise ConnectionResetError
    else:
        await reader.read()  # until the client has gone


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode()
