"""At which addresses CAs elsewhere may be: operators decide that, since tenants write spec.url.

- A name is resolved with c-ares, by which any number of lookups can wait without a thread each. It reads /etc/hosts and
  resolv.conf (nameserver, search, ndots), so that names such as `my-ca.team-a.svc` are found in a pod.
- The address of each connection is checked when its socket is made.
- Sockets are closed for certain: a connection whose exchange was cancelled is no longer aiohttp's, and asyncio holds it
  open until the CA has answered TLS's close_notify (RFC 8446 section 6.1), or for 30 s.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from weakref import WeakSet

import aiodns
from aiohttp import AddrInfoType, AsyncResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

EVERYWHERE: tuple[Network, ...] = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
LOOPBACK: tuple[Network, ...] = (
    IPv4Network("127.0.0.0/8"),
    IPv6Network("::1"),
    IPv4Network("0.0.0.0/8"),  # Linux connects 0.0.0.0 and :: to loopback
    IPv6Network("::"),
)
LINK_LOCAL: tuple[Network, ...] = (
    IPv4Network("169.254.0.0/16"),
    IPv6Network("fe80::/10"),
    IPv6Network("fd00:ec2::254"),  # EC2 serves by IPv6 what it has at 169.254.169.254
)
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052 section 2.1


class NotPermitted(OSError):
    """The manager does not connect to this address, or to any address of this name."""


@dataclass(frozen=True, slots=True)
class Networks:
    """Permitted is what is in a network of `allowed` and in none of `denied`."""

    allowed: tuple[Network, ...] = EVERYWHERE
    denied: tuple[Network, ...] = ()

    def permits(self, address: str) -> bool:
        """Whether to connect there; never to what is no IP address. IPv6 may have a scope."""
        try:
            there = _plain(ip_address(address))
        except ValueError:
            return False
        return _within(there, self.allowed) and not any(
            _within(each, self.denied) for each in (there, *_embedded(there))
        )


def _plain(address: Address) -> Address:
    """Of ::ffff:10.0.0.1 the IPv4 address, which is what is connected to."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _embedded(address: Address) -> list[Address]:
    """The IPv4 addresses to which gateways for NAT64 and 6to4 (RFC 3056) pass on what is sent to this one."""
    if isinstance(address, IPv4Address):
        return []
    translated = IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
    return [each for each in (translated, address.sixtofour) if each]


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)


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
