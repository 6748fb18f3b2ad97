"""How the names of CAs elsewhere are found, with a name server that answers, fails or keeps silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.signers.http import networks
from adapters.signers.http.pool import ClientPool
from domain.errors import IssuerUnhealthy
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import PLAIN, endpoint, refusal
from tests.support.remote.dns import NameServer, name_server
from tests.support.remote.https import server_certificate, serving

SEARCH = ("team-a.svc.cluster.local", "svc.cluster.local", "cluster.local")


@pytest.fixture
async def dns(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[NameServer]:
    async with name_server(monkeypatch, SEARCH) as server:
        yield server


@pytest.fixture
async def clients(dns: NameServer) -> AsyncIterator[ClientPool]:
    made = ClientPool(StoppedClock())
    yield made
    await made.close()


async def test_the_short_name_of_a_service_is_found_by_search_domains(
    clients: ClientPool, dns: NameServer, tmp_path: Path
) -> None:
    dns.addresses["my-ca.team-a.svc.cluster.local"] = "127.0.0.1"
    async with serving(tmp_path, certificate=server_certificate("my-ca.team-a.svc")) as server:
        url = server.url.replace("localhost", "my-ca.team-a.svc")
        assert (await clients.exchange(endpoint(url), PLAIN)).body == b"fine"

    assert "my-ca.team-a.svc" not in dns.asked  # fewer dots than ndots: as it is, it is asked for last


async def test_a_name_that_does_not_exist(clients: ClientPool) -> None:
    told = await refusal(clients.exchange(endpoint("https://ca.example.com"), PLAIN))

    assert told == "ca.example.com is not known to DNS; see spec.url"


async def test_a_zone_that_fails_is_not_called_unknown(clients: ClientPool) -> None:
    told = await refusal(clients.exchange(endpoint("https://ca.failing"), PLAIN))

    assert told == (
        "ca.failing is not found: DNS fails, or does not answer in time; "
        "see to the name servers of its zone, and spec.url"
    )


async def test_a_lookup_without_answer_ends_before_the_connection_would(
    clients: ClientPool, dns: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "DEADLINE", 0.01)
    monkeypatch.setattr(networks, "_TRIES", 1000)

    told = await refusal(clients.exchange(endpoint("https://ca.silent"), PLAIN), IssuerUnhealthy)

    assert told.startswith("ca.silent is not found: DNS fails, or does not answer in time; ")


async def test_forty_lookups_that_hang_keep_no_other_ca_waiting(
    clients: ClientPool, dns: NameServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "DEADLINE", 3600.0)
    monkeypatch.setattr(networks, "_TRIES", 1000)
    dns.addresses["ca.team-b"] = "127.0.0.1"
    hanging = [
        asyncio.create_task(clients.exchange(endpoint(f"https://ca-{number}.silent"), PLAIN)) for number in range(40)
    ]
    await dns.is_silent_about(40)

    async with serving(tmp_path, certificate=server_certificate("ca.team-b")) as server:
        url = server.url.replace("localhost", "ca.team-b")
        assert (await clients.exchange(endpoint(url), PLAIN)).body == b"fine"

    assert not any(each.done() for each in hanging)
    for each in hanging:
        each.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
