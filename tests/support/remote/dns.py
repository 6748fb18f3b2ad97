"""A name server for tests, on a UDP port of this machine: it answers, fails, or keeps silent, as the name asks for.

Names ending in `.silent` get no answer, in `.failing` SERVFAIL; those in `addresses` their IPv4 addresses, with spaces
between; others do not exist. Format: RFC 1035 section 4.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import cast

import pytest
from aiohttp import AsyncResolver

from adapters.signers.http import networks

_ADDRESS = 1  # the record type A
_SERVER_FAILURE, _NO_SUCH_NAME = 2, 3  # response codes


class NameServer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self.asked: list[str] = []
        self.silent: set[str] = set()
        """The names that were asked for and got no answer."""
        self._waiting: tuple[int, asyncio.Event] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def port(self) -> int:
        assert self._transport is not None
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    async def is_silent_about(self, names: int) -> None:
        """Returns when so many different names have got no answer."""
        self._waiting = names, asyncio.Event()
        if len(self.silent) < names:
            await self._waiting[1].wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        name, kind, question = _question(data)
        self.asked.append(name)
        if name.endswith(".silent"):
            self.silent.add(name)
            if self._waiting and len(self.silent) >= self._waiting[0]:
                self._waiting[1].set()
            return
        assert self._transport is not None
        self._transport.sendto(data[:2] + self._answer(name, kind, question), addr)

    def _answer(self, name: str, kind: int, question: bytes) -> bytes:
        """All that follows the identifier."""
        if name.endswith(".failing"):
            return struct.pack("!5H", 0x8180 | _SERVER_FAILURE, 1, 0, 0, 0) + question
        if name not in self.addresses:
            return struct.pack("!5H", 0x8180 | _NO_SUCH_NAME, 1, 0, 0, 0) + question
        if kind != _ADDRESS:
            return struct.pack("!5H", 0x8180, 1, 0, 0, 0) + question
        addresses = [ipaddress.IPv4Address(each).packed for each in self.addresses[name].split()]
        records = [
            struct.pack("!HHHIH", 0xC00C, _ADDRESS, 1, 0, 4) + each for each in addresses
        ]  # the name: see byte 12
        return struct.pack("!5H", 0x8180, 1, len(records), 0, 0) + question + b"".join(records)


def _question(data: bytes) -> tuple[str, int, bytes]:
    """Name, type, and the bytes of the question."""
    labels, position = [], 12
    while length := data[position]:
        labels.append(data[position + 1 : position + 1 + length].decode())
        position += 1 + length
    return ".".join(labels).lower(), struct.unpack("!H", data[position + 1 : position + 3])[0], data[12 : position + 5]


@asynccontextmanager
async def name_server(monkeypatch: pytest.MonkeyPatch, search: Sequence[str] = ()) -> AsyncIterator[NameServer]:
    """All clients that are made meanwhile ask it; `search` are the domains that a pod's resolv.conf would have."""
    transport, server = await asyncio.get_running_loop().create_datagram_endpoint(
        NameServer, local_addr=("127.0.0.1", 0)
    )
    here = [f"127.0.0.1:{server.port}"]
    monkeypatch.setattr(
        networks, "AsyncResolver", partial(AsyncResolver, nameservers=here, domains=list(search), ndots=5)
    )
    try:
        yield server
    finally:
        transport.close()
