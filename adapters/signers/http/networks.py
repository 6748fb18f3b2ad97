"""At which addresses CAs elsewhere may be: operators decide that, since tenants write spec.url."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

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
