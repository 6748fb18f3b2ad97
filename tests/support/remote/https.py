"""A real TLS server on a loopback port, whose answers a test decides and whose callers it remembers.

Its certificate is for localhost and 127.0.0.1, signed by `ROOT`; a client certificate is taken if `CLIENTS` signed it.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import pki

ROOT = pki.authority("TLS root")
CLIENTS = pki.authority("Clients' CA")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def leaf(common_name: str, parent: pki.Authority, *extensions: x509.ExtensionType) -> pki.Authority:
    """A certificate that is no CA's, with its key."""
    bits = ("digital_signature",)
    return pki.authority(
        common_name,
        parent=parent,
        constraints=None,
        bits=bits,
        extensions=[(extension, False) for extension in extensions],
    )


def server_certificate(*names: str) -> pki.Authority:
    addresses: list[x509.GeneralName] = [x509.DNSName(name) for name in names or ("localhost",)]
    if not names:
        addresses.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    return leaf(
        "server",
        ROOT,
        x509.SubjectAlternativeName(addresses),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    )


def client_certificate(common_name: str = "client", parent: pki.Authority = CLIENTS) -> pki.Authority:
    return leaf(common_name, parent, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))


@dataclass
class Seen:
    """One request, as it came in; `peer` is the common name of the client's certificate, `port` the client's.

    `query` is as it was written, without the question mark.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    peer: str
    port: int
    query: str = ""


@dataclass
class Server:
    """`handler` answers, after the answers in `next`, each of which is given once; `seen` are the requests so far."""

    url: str
    handler: Handler
    seen: list[Seen] = field(default_factory=list)
    next: list[Handler] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body, query = await request.read(), request.rel_url.raw_query_string
        headers = dict(request.headers)
        self.seen.append(Seen(request.method, request.path, headers, body, peer(request), port(request), query))
        return await (self.next.pop(0) if self.next else self.handler)(request)


def peer(request: web.Request) -> str:
    """The common name of the client's certificate; empty where it showed none."""
    shown = request.get_extra_info("peercert") or {}
    return next((value for [(name, value)] in shown.get("subject", ()) if name == "commonName"), "")


def port(request: web.Request) -> int:
    number: int = request.get_extra_info("peername")[1]
    return number


async def fine(request: web.Request) -> web.Response:
    return web.Response(text="fine")


@asynccontextmanager
async def serving(
    directory: Path,
    handler: Handler = fine,
    *,
    certificate: pki.Authority | None = None,
    above: Sequence[pki.Authority] = (),
    require_client: bool = False,
    plain: bool = False,
) -> AsyncIterator[Server]:
    """Serves until the end of the block. The server sends `above` after its certificate; `plain` is without TLS."""
    server = Server("", handler)
    app = web.Application(client_max_size=1024**2)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.01)
    await runner.setup()
    try:
        tls = None if plain else _context(directory, [certificate or server_certificate(), *above], require_client)
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        server.url = f"http{'' if plain else 's'}://localhost:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


def _context(directory: Path, chain: Sequence[pki.Authority], require_client: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=CLIENTS.pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED if require_client else ssl.CERT_OPTIONAL
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # weak keys too: what is too weak is for clients to say
    (directory / "server.crt").write_bytes(b"".join(member.pem for member in chain))
    (directory / "server.key").write_bytes(chain[0].key_pem)
    context.load_cert_chain(directory / "server.crt", directory / "server.key")
    return context
