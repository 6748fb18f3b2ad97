"""Clients that trust the same share one TLS context, and what belonged to others is let go."""

from __future__ import annotations

import asyncio
import gc
import ssl
import subprocess
import sys
import weakref
from unittest.mock import Mock

import pytest

from adapters.signers.http import tls
from adapters.signers.http.pool import ClientPool, Endpoint
from adapters.signers.http.tls import Contexts
from domain.model import Credentials, ObjectKey
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote.asking import PLAIN, US, made, refusal
from tests.support.remote.https import ROOT

NOW = StoppedClock().now()
NOBODY = "https://127.0.0.1:1"  # refuses connections


def endpoints(count: int, data: dict[str, bytes], namespaces: int = 1) -> list[Endpoint]:
    """Issuers of as many Secrets, which hold the same."""
    secrets = [ObjectKey("Secret", f"team-{number % namespaces}", f"ca-{number}") for number in range(count)]
    return [Endpoint(NOBODY, secret, Credentials(data, secret.name)) for secret in secrets]


@pytest.fixture
def contexts_made(monkeypatch: pytest.MonkeyPatch) -> Mock:
    counted = Mock(wraps=tls.context)
    monkeypatch.setattr(tls, "context", counted)
    return counted


@pytest.mark.parametrize("data", [{}, {"ca.crt": ROOT.pem}], ids=["the system's store", "ca.crt"])
async def test_three_hundred_issuers_that_trust_the_same_make_one_context(
    contexts_made: Mock, data: dict[str, bytes]
) -> None:
    async with made() as clients:
        asked = endpoints(300, data, namespaces=30)
        await asyncio.gather(*(refusal(clients.exchange(each, PLAIN)) for each in asked))

    assert contexts_made.call_count == 1


def test_what_is_trusted_otherwise_has_a_context_of_its_own() -> None:
    contexts = Contexts()
    secret, other = ObjectKey("Secret", "team-a", "ca"), pki.authority("Another root").pem
    found = [
        contexts.get(secret, Credentials(data), client_certificate=False, now=NOW)
        for data in ({}, {"ca.crt": ROOT.pem}, {"ca.crt": other}, {"ca.crt": b"\n"}, {"ca.crt": ROOT.pem})
    ]

    assert [found.index(each) for each in found] == [0, 1, 2, 0, 1]


def test_a_client_certificate_is_in_no_shared_context() -> None:
    contexts, secret = Contexts(), ObjectKey("Secret", "team-a", "ca")
    data = {"ca.crt": ROOT.pem, "tls.crt": US.pem, "tls.key": US.key_pem}
    found = [
        contexts.get(secret, Credentials(data), client_certificate=shown, now=NOW) for shown in (True, False, True)
    ]

    assert len(set(map(id, found))) == 3


async def test_a_context_that_no_client_uses_any_more_is_gone(contexts_made: Mock) -> None:
    gone: list[weakref.ref[ssl.SSLContext]] = []
    contexts_made.side_effect = lambda *args, **kwargs: _remembered(gone, tls_context(*args, **kwargs))
    clients = ClientPool(StoppedClock())
    await refusal(clients.exchange(endpoints(1, {"ca.crt": ROOT.pem})[0], PLAIN))
    assert gone[0]() is not None

    await clients.close()
    gc.collect()

    assert gone[0]() is None


tls_context = tls.context


def _remembered(gone: list[weakref.ref[ssl.SSLContext]], made: ssl.SSLContext) -> ssl.SSLContext:
    gone.append(weakref.ref(made))
    return made


_GROWTH = """
import asyncio, resource, sys
from domain.errors import IssuerUnhealthy
from tests.unit.adapters.signers.http.test_tls_contexts import PLAIN, endpoints, made

async def main():
    async with made() as clients:
        async def ask(endpoint):
            try:
                await clients.exchange(endpoint, PLAIN)
            except IssuerUnhealthy:
                pass
        first, *others = endpoints(301, {})
        await ask(first)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await asyncio.gather(*map(ask, others))
        print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

asyncio.run(main())
"""


def test_three_hundred_issuers_with_the_system_s_store_take_little_memory(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """A store of 150 CAs, as Linux distributions have it: 300 of these took more than 200 MiB."""
    store = tmp_path_factory.mktemp("store") / "ca.pem"
    store.write_bytes(b"".join(pki.authority(f"Root {number}").pem for number in range(150)))
    grown = subprocess.run(
        [sys.executable, "-c", _GROWTH],
        env={"SSL_CERT_FILE": str(store), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert int(grown) < 100  # MiB
