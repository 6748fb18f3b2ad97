"""The sockets of the connections to one CA: closed for certain, whether the CA takes part in that or not.

A connection whose exchange was cancelled is no longer aiohttp's when its session is closed: asyncio holds it open until
the CA has answered TLS's close_notify (RFC 8446 section 6.1), or for 30 s.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from weakref import WeakSet

from aiohttp import AddrInfoType

from adapters.signers.http.networks import Networks, NotPermitted

_LONGEST = 1.0
"""Seconds for the event loop to close what was shut down, which takes it a few turns."""


class Sockets:
    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._made: WeakSet[socket.socket] = WeakSet()

    def make(self, address: AddrInfoType) -> socket.socket:
        """aiohttp's socket_factory: a socket for an entry of getaddrinfo, the one that is connected to next.

        NotPermitted where the networks have it so: here every connection comes by, whatever DNS said before.
        """
        if not self._networks.permits(str(address[4][0])):
            raise NotPermitted
        made = socket.socket(*address[:3])
        made.setblocking(False)
        self._made.add(made)
        return made

    async def close(self) -> None:
        """Shuts down what is still open, which asyncio reads as the end from the other side, and closes."""
        for each in self._open():
            with suppress(OSError):  # it was never connected
                each.shutdown(socket.SHUT_RDWR)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST):
                while self._open():  # noqa: ASYNC110 - nobody tells
                    await asyncio.sleep(0.001)

    def _open(self) -> list[socket.socket]:
        return [each for each in self._made if each.fileno() != -1]
