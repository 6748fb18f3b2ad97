"""What one tenant can do to stop another: each attack once, for the tests at one size and for the benchmark at another.

Each makes its objects in the attacker's namespace and keeps its server; what it yields says how much of it stands.
"""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from entrypoints.issuer import NAMES
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import PASSWORD, USERNAME
from tests.support.remote.dns import NameServer
from tests.support.remote.est import ESTServer, est
from tests.tools.bench.client import REQUESTS, Client, base64_text

ISSUERS = f"/apis/{NAMES.group}/{NAMES.version}/namespaces/{{}}/{NAMES.issuers}"
SECRETS = "/api/v1/namespaces/{}/secrets"
TRUST = {"ca.crt": https.ROOT.pem.decode()}
MEGABYTE = 1_000_000
_AT_ONCE = 12  # calls to the API server
Stands = Callable[[], int]
"""How many connections are held, names not answered, objects there and the like; 0: the attack is not (any more) on."""


@dataclass(frozen=True)
class Tenant:
    """A namespace and who works in it; `names` is the name server of the manager's host, where an attack wants one."""

    client: Client
    namespace: str
    directory: Path
    names: NameServer

    async def secret(self, name: str, **data: str) -> None:
        data = {"username": USERNAME, "password": PASSWORD, **data}
        await self._create(SECRETS, {"metadata": {"name": name}, "stringData": data})

    async def issuer(self, name: str, url: str, secret: str = "credentials") -> None:
        spec = {"url": url, "authSecretName": secret, "est": {}}
        about = {"apiVersion": f"{NAMES.group}/{NAMES.version}", "kind": NAMES.issuer}
        await self._create(ISSUERS, {**about, "metadata": {"name": name}, "spec": spec})

    async def request(self, name: str, issuer: str, csr: bytes) -> bytes:
        """As it is stored."""
        reference = {"group": NAMES.group, "kind": NAMES.issuer, "name": issuer}
        about = {"apiVersion": "cert-manager.io/v1", "kind": "CertificateRequest", "metadata": {"name": name}}
        return await self._create(REQUESTS, {**about, "spec": {"request": base64_text(csr), "issuerRef": reference}})

    async def issuers(self, number: int, url: str, data: Mapping[str, str] = TRUST, *, secrets: bool = False) -> None:
        """So many, which share a Secret with this data too, or have each its own."""

        async def one(each: int) -> None:
            secret = f"credentials-{each}" if secrets else "credentials"
            if secrets:
                await self.secret(secret, **data)
            await self.issuer(f"issuer-{each}", url.format(each), secret)

        if not secrets:
            await self.secret("credentials", **data)
        await several(number, one)

    async def clear(self) -> None:
        for path in (REQUESTS, ISSUERS, SECRETS):
            await self.client.remove_all(path.format(self.namespace))

    async def _create(self, path: str, body: Mapping[str, Any]) -> bytes:
        return await self.client.create(path.format(self.namespace), body)


Begin = Callable[[Tenant, int], AbstractAsyncContextManager[Stands]]


@dataclass(frozen=True)
class Attack:
    """`number` is how many of what the title says make one attack; the benchmark takes twice as many.

    `dns`: the manager's host asks the tenant's name server. `before`: all is there when the manager starts.
    """

    name: str
    title: str
    number: int
    begin: Begin
    dns: bool = False
    before: bool = False


async def several(number: int, one: Callable[[int], Awaitable[object]]) -> None:
    numbers = iter(range(number))

    async def some() -> None:
        for each in numbers:
            await one(each)

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(some())


@asynccontextmanager
async def _silent() -> AsyncIterator[tuple[str, Stands]]:
    """The URL of a server that accepts connections and never answers, and how many it holds."""
    held: set[asyncio.StreamWriter] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.add(writer)
        try:
            while await reader.read(65536):
                pass
        except OSError:
            pass
        finally:
            held.discard(writer)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"https://localhost:{server.sockets[0].getsockname()[1]}", lambda: len(held)
    finally:
        server.close()
        for each in list(held):
            each.transport.abort()


@asynccontextmanager
async def _never_answers(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    async with _silent() as (url, held):
        await tenant.issuers(number, url)
        yield held


@asynccontextmanager
async def _never_answers_any_secret(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    async with _silent() as (url, held):
        await tenant.issuers(number, url, secrets=True)
        yield held


class _Enrolment:
    """A CA that tells its certificates and keeps every enrolment waiting."""

    def __init__(self) -> None:
        self._ca = ESTServer()
        self.held = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if not request.path.endswith("/simpleenroll"):
            return await self._ca.answer(request)
        self.held += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.held -= 1
        raise AssertionError("nobody sets it")


@asynccontextmanager
async def _enrolment_hangs(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    ca = _Enrolment()
    async with https.serving(tenant.directory, ca.answer) as server:
        await tenant.issuers(number, server.url)

        async def one(each: int) -> None:
            name = f"request-{each}"
            created = await tenant.request(name, f"issuer-{each % number}", pki.csr(dns=[f"{name}.example.com"]))
            await tenant.client.approve(tenant.namespace, name, created)

        await several(10 * number, one)
        yield lambda: ca.held


@asynccontextmanager
async def _nobody_answers_dns(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    await tenant.issuers(number, "https://ca-{}.silent")
    yield lambda: len(tenant.names.silent)


@asynccontextmanager
async def _not_trusted(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    """The Secret has no ca.crt. The server never sees an HTTP request; how often it was connected to is counted."""
    connections = 0
    async with est(tenant.directory) as ca:
        port = int(ca.url.rpartition(":")[2])

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            with suppress(OSError):  # the server goes first
                there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
                await asyncio.gather(_carry(reader, there_writer), _carry(there_reader, writer))
            writer.close()

        listener = await asyncio.start_server(connected, "127.0.0.1", 0)
        try:
            await tenant.issuers(number, f"https://localhost:{listener.sockets[0].getsockname()[1]}", {})
            yield lambda: connections
        finally:
            listener.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def _large_requests(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    """Every second one is approved."""
    body = base64.encodebytes(os.urandom(MEGABYTE * 3 // 4))[:MEGABYTE]
    csr = b"-----BEGIN CERTIFICATE REQUEST-----\n%b\n-----END CERTIFICATE REQUEST-----\n" % body

    async def one(each: int) -> None:
        created = await tenant.request(f"request-{each}", "issuer", csr)
        if each % 2:
            await tenant.client.approve(tenant.namespace, f"request-{each}", created)

    await several(number, one)
    yield lambda: number


@asynccontextmanager
async def _large_secrets(tenant: Tenant, number: int) -> AsyncIterator[Stands]:
    """They are larger than any that the manager reads, so that no CA is asked."""
    async with _silent() as (url, _):
        await tenant.issuers(number, url, TRUST | {"more": "x" * (MEGABYTE - 2_000)}, secrets=True)
        yield lambda: number


ATTACKS = (
    Attack("one-url", "issuers at a server that never answers", 300, _never_answers),
    Attack("own-secrets", "the same, each with its own Secret", 300, _never_answers_any_secret),
    Attack("enrolment", "issuers whose CA never answers enrolments, 10 requests each", 40, _enrolment_hangs),
    Attack("dns", "issuers at names that no DNS server answers", 40, _nobody_answers_dns, dns=True),
    Attack("not-trusted", "issuers of a CA that the system's store does not trust", 300, _not_trusted),
    Attack("large-requests", "CertificateRequests of 1 MB at the start", 250, _large_requests, before=True),
    Attack("large-secrets", "issuers, each with its own Secret of 1 MB", 420, _large_secrets),
)
