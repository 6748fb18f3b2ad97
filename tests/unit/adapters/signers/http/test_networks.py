"""Which addresses CAs elsewhere may have, and that no other is ever connected to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

import pytest

from adapters.signers.http.networks import LINK_LOCAL, LOOPBACK, Network, Networks, Resolver
from domain.errors import IssuerUnhealthy
from tests.support.remote.asking import PLAIN, endpoint, made, refusal
from tests.support.remote.dns import NameServer, name_server
from tests.support.remote.https import server_certificate, serving

REFUSED = (
    "is at an address that the manager does not connect to; put another into spec.url, "
    "or have it permitted by the manager's flags --ca-denied-networks and --ca-allowed-networks"
)
OTHER = "127.0.0.2"


def networks(*written: str) -> tuple[Network, ...]:
    return tuple(ip_network(each) for each in written)


# The value

OWN = Networks(denied=(*LOOPBACK, *LINK_LOCAL, *networks("10.96.0.1", "fd00::1")))
INSIDE = Networks(allowed=networks("10.0.0.0/8", "2001:db8::/32"), denied=networks("10.96.0.0/12"))
NOT_OURS = [
    "203.0.113.9",
    "10.96.0.2",
    "128.0.0.1",
    "169.253.0.1",
    "2001:db8::1",
    "fd00::2",
    "fd00:ec2::253",
    "fec0::1",
]
OURS = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "::1",
    "::",
    "169.254.169.254",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "10.96.0.1",
    "fd00::1",
    # An IPv4 address in an IPv6 one: mapped, and for the gateways of NAT64 and 6to4
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "::ffff:0.0.0.0",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
]


@pytest.mark.parametrize("address", NOT_OURS + OURS)
def test_everything_is_permitted_unless_it_is_said(address: str) -> None:
    assert Networks().permits(address)


@pytest.mark.parametrize("address", OURS)
def test_what_is_denied(address: str) -> None:
    assert not OWN.permits(address)


@pytest.mark.parametrize("address", [*NOT_OURS, "::ffff:203.0.113.9", "64:ff9b::203.0.113.9", "2002:cb00:7109::"])
def test_what_is_not_denied(address: str) -> None:
    assert OWN.permits(address)


@pytest.mark.parametrize(
    ("address", "permitted"),
    [
        ("10.0.0.1", True),
        ("::ffff:10.0.0.1", True),
        ("2001:db8::1", True),
        ("11.0.0.1", False),
        ("2001:db9::1", False),
        ("10.96.0.1", False),
        ("::ffff:10.96.0.1", False),
        ("64:ff9b::10.0.0.1", False),
    ],
)
def test_where_some_are_allowed_the_denied_ones_of_them_are_not(address: str, permitted: bool) -> None:
    assert INSIDE.permits(address) == permitted


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_nothing_is_permitted_where_no_network_is_allowed(address: str) -> None:
    assert not Networks(allowed=()).permits(address)


@pytest.mark.parametrize("written", ["", "localhost", "127.1", "2130706433", "0177.0.0.1", "127.0.0.1 "])
def test_what_is_no_address_is_not_connected_to(written: str) -> None:
    assert not Networks().permits(written)


# Connections


@dataclass
class Listener:
    """Speaks no TLS, and remembers the callers."""

    port: int = 0
    callers: list[str] = field(default_factory=list)

    async def called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.callers.append(writer.get_extra_info("peername")[0])
        writer.close()

    async def only_called_by_us(self, host: str = "127.0.0.1") -> bool:
        """Whether a call of ours is the first one that it gets: calls are taken in the order in which they come."""
        reader, writer = await asyncio.open_connection(host, self.port)
        await reader.read()
        writer.close()
        return len(self.callers) == 1


@asynccontextmanager
async def listening(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Listener]:
    listener = Listener()
    server = await asyncio.start_server(listener.called, host, port)
    listener.port = server.sockets[0].getsockname()[1]
    async with server:
        yield listener


@pytest.fixture
async def dns(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NameServer]:
    async with name_server(monkeypatch) as server:
        yield server


HOSTS = ["localhost", "127.0.0.1", "0.0.0.0", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]


@pytest.mark.parametrize("host", HOSTS)
async def test_nothing_is_sent_to_an_address_that_is_denied(host: str) -> None:
    async with listening() as listener, made(networks=Networks(denied=LOOPBACK)) as clients:
        told = await refusal(clients.exchange(endpoint(f"https://{host}:{listener.port}"), PLAIN))
        assert await listener.only_called_by_us()

    assert told == f"{host}:{listener.port} {REFUSED}"


@pytest.mark.parametrize("host", HOSTS)
async def test_the_same_would_have_been_connected_to(host: str) -> None:
    async with listening() as listener, made() as clients:
        told = await refusal(clients.exchange(endpoint(f"https://{host}:{listener.port}"), PLAIN))
        assert not await listener.only_called_by_us()

    assert REFUSED not in told


async def test_nothing_is_sent_to_an_address_that_is_not_allowed() -> None:
    allowed = Networks(allowed=networks("10.0.0.0/8"))
    async with listening() as listener, made(networks=allowed) as clients:
        await refusal(clients.exchange(endpoint(f"https://127.0.0.1:{listener.port}"), PLAIN))
        assert await listener.only_called_by_us()


async def test_an_issuer_whose_ca_is_denied_is_pending_since_a_flag_mends_it_too() -> None:
    async with made(networks=Networks(denied=LOOPBACK)) as clients:
        with pytest.raises(IssuerUnhealthy) as caught:
            await clients.exchange(endpoint("https://127.0.0.1:1"), PLAIN)

    assert type(caught.value) is IssuerUnhealthy  # and not IssuerFailed


async def test_the_message_is_the_same_where_nobody_listens() -> None:
    async with listening() as listener:
        pass
    async with made(networks=Networks(denied=LOOPBACK)) as clients:
        for host in ("localhost", "127.0.0.1"):
            told = await refusal(clients.exchange(endpoint(f"https://{host}:{listener.port}"), PLAIN))
            assert told == f"{host}:{listener.port} {REFUSED}"


async def test_of_several_addresses_the_permitted_ones_are_connected_to(dns: NameServer, tmp_path: Path) -> None:
    dns.addresses["ca.team-a"] = f"{OTHER} 127.0.0.1 127.0.0.3"
    denied = Networks(denied=networks(OTHER, "127.0.0.3"))
    certificate = server_certificate("ca.team-a")
    async with serving(tmp_path, certificate=certificate) as server, made(networks=denied) as clients:
        url = server.url.replace("localhost", "ca.team-a")
        async with listening(OTHER, int(url.rpartition(":")[2])) as listener:
            assert (await clients.exchange(endpoint(url), PLAIN)).body == b"fine"
            assert await listener.only_called_by_us(OTHER)


@pytest.mark.parametrize("addresses", [f"{OTHER} 127.0.0.1", f"127.0.0.1 {OTHER}"])
async def test_what_goes_wrong_is_told_of_the_permitted_ones(dns: NameServer, addresses: str) -> None:
    dns.addresses["ca.team-a"] = addresses
    async with listening() as listener:
        pass
    async with made(networks=Networks(denied=networks(OTHER))) as clients:
        told = await refusal(clients.exchange(endpoint(f"https://ca.team-a:{listener.port}"), PLAIN))

    assert "cannot be reached (connection refused)" in told


async def test_a_name_that_leads_elsewhere_later_is_looked_at_with_every_connection(
    dns: NameServer, tmp_path: Path
) -> None:
    dns.addresses["ca.team-a"] = "127.0.0.1"
    certificate = server_certificate("ca.team-a")
    denied = Networks(denied=networks(OTHER))
    async with serving(tmp_path, certificate=certificate) as server, made(networks=denied) as clients:
        url = server.url.replace("localhost", "ca.team-a")
        async with listening(OTHER, int(url.rpartition(":")[2])) as listener:
            await clients.exchange(endpoint(url), PLAIN)
            dns.addresses["ca.team-a"] = OTHER
            await clients.exchange(endpoint(url), PLAIN)  # on the connection that there is
            told = await refusal(clients.exchange(endpoint(url, {"password": b"new"}), PLAIN))
            assert await listener.only_called_by_us(OTHER)

    assert len({seen.port for seen in server.seen}) == 1
    assert told.endswith(REFUSED)


async def test_it_is_the_connection_that_is_checked_whatever_was_looked_up(
    dns: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the resolver had been told another address than the one that is connected to."""
    dns.addresses["ca.team-a"] = f"127.0.0.1 {OTHER}"
    monkeypatch.setattr(Resolver, "resolve", vars(Resolver)["_lookup"])
    async with listening() as listener, made(networks=Networks(denied=LOOPBACK)) as clients:
        told = await refusal(clients.exchange(endpoint(f"https://ca.team-a:{listener.port}"), PLAIN))
        assert await listener.only_called_by_us()

    assert told == f"ca.team-a:{listener.port} {REFUSED}"
