"""Resolves the names of CAs elsewhere with c-ares, by which any number of lookups can wait without a thread each.

c-ares reads /etc/hosts and resolv.conf (nameserver, search, ndots) as the system's own resolver does, so that names
such as `my-ca.team-a.svc` are found in a pod.
"""

from __future__ import annotations

import asyncio
import socket

import aiodns
from aiohttp import AsyncResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.signers.http.networks import Networks, NotPermitted

DEADLINE = 5.0
"""Seconds for one lookup, with all search domains and repetitions: half of what a connection may take."""
_TRIES = 4
"""c-ares repeats a question after as little as 0.25 s, then after twice as long each time: four make 3.75 s."""
_NO_SUCH_NAME = (
    aiodns.error.ARES_ENOTFOUND,
    aiodns.error.ARES_ENODATA,
    aiodns.error.ARES_EBADNAME,
    aiodns.error.ARES_ENONAME,
)


class NoAnswer(OSError):
    """DNS says neither that the name exists nor that it does not: it fails, or does not answer in time."""


class Resolver(AbstractResolver):
    """To be shared by all clients. Raises NoAnswer, or another OSError where there is no such name.

    Of several addresses it gives those that are permitted, so that errors are about them; NotPermitted if none is.
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._inner: AsyncResolver | None = None  # made by the first lookup, since it needs a running loop

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._lookup(host, port, family)
        permitted = [each for each in found if self._networks.permits(each["host"])]
        if not permitted:
            raise NotPermitted
        return permitted

    async def _lookup(self, host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        self._inner = self._inner or AsyncResolver(tries=_TRIES)
        try:
            async with asyncio.timeout(DEADLINE):
                return await self._inner.resolve(host, port, family)
        except TimeoutError:
            raise NoAnswer from None
        except OSError as error:
            if not isinstance(error.__cause__, aiodns.error.DNSError):
                raise
            raise (OSError if error.__cause__.args[0] in _NO_SUCH_NAME else NoAnswer) from None

    async def close(self) -> None:
        inner, self._inner = self._inner, None
        if inner:
            await inner.close()
