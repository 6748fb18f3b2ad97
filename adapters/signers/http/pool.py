"""A Client for each CA that issuers name, made when first needed and kept for the next time.

A Client belongs to one address, one Secret and that Secret's content: other credentials never get a connection that was
authenticated with these. A Client that is replaced, unused for long, or one too many is closed when its last exchange
has ended. What is kept of a Secret is its fingerprint, and a client certificate in the TLS context.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from adapters.idle_cache import IdleCache
from adapters.signers.fingerprint import fingerprint
from adapters.signers.http import tls
from adapters.signers.http.client import Client, HTTPRequest, HTTPResponse, Limits
from adapters.signers.http.networks import Networks, Resolver
from adapters.signers.http.tls import Contexts, Trust
from adapters.signers.threads import run_in_thread
from domain.errors import IssuerFailed
from domain.model import Credentials, ObjectKey
from domain.ports import Clock

_BUDGET = 32 * 1024**2
"""Bytes of all clients together."""
_SIZE = 128 * 1024
"""Bytes of one client and its connections, without its TLS context."""
_Key = tuple[str, ObjectKey, bool]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The URL of a CA and the credentials for it; with `client_certificate` TLS presents the Secret's tls.crt."""

    url: str
    secret: ObjectKey
    credentials: Credentials
    client_certificate: bool = False


@dataclass(slots=True)
class _Open:
    fingerprint: bytes
    client: Client
    users: int = 0
    retired: bool = False


class ClientPool:
    """What signers of remote CAs share. `allow_http` lets spec.url begin with http:// too."""

    def __init__(
        self,
        clock: Clock,
        *,
        allow_http: bool = False,
        networks: Networks = Networks(),  # noqa: B008 - it is immutable
        limits: Limits | None = None,
        user_agent: str = "external-issuer",
    ) -> None:
        self._clock = clock
        self._allow_http = allow_http
        self._limits = limits or Limits()
        self._user_agent = user_agent
        self._contexts = Contexts()
        self._networks = networks
        self._resolver = Resolver(networks)
        self.kept: IdleCache[_Key, _Open] = IdleCache(_BUDGET, self._retire)
        self._closing: set[asyncio.Task[None]] = set()

    async def exchange(self, endpoint: Endpoint, question: HTTPRequest) -> HTTPResponse:
        """Asks the CA once. IssuerFailed for a URL or a Secret that cannot work, other errors as Client has them."""
        base = base_url(endpoint.url, allow_http=self._allow_http)
        async with self._borrowed(base, endpoint) as client:
            return await client.exchange(question)

    async def close(self) -> None:
        """Closes all connections, those in use when their exchanges have ended, and asks DNS nothing more."""
        self.kept.clear()
        await asyncio.gather(*self._closing)
        await self._resolver.close()

    @contextlib.asynccontextmanager
    async def _borrowed(self, base: str, endpoint: Endpoint) -> AsyncIterator[Client]:
        key = base, endpoint.secret, endpoint.client_certificate
        content = fingerprint(endpoint.credentials)
        found = self._find(key, content) or await self._make(key, endpoint, content)
        found.users += 1  # nothing is awaited since it was found: it is open
        try:
            yield found.client
        finally:
            found.users -= 1
            if found.retired and not found.users:
                await found.client.close()

    def _find(self, key: _Key, content: bytes) -> _Open | None:
        found = self.kept.get(key)
        return found if found and found.fingerprint == content else None

    async def _make(self, key: _Key, endpoint: Endpoint, content: bytes) -> _Open:
        secret, credentials, shown = endpoint.secret, endpoint.credentials, endpoint.client_certificate
        now = self._clock.now()
        context = await run_in_thread(
            secret.namespace,
            lambda: self._contexts.get(secret, credentials, client_certificate=shown, now=now),
        )
        if found := self._find(key, content):  # made meanwhile for another request
            return found
        trust = Trust(str(secret), tls.has_bundle(credentials))
        client = Client(
            key[0], trust, context, self._resolver, self._networks, self._clock, self._limits, self._user_agent
        )
        made = _Open(content, client)
        self.kept.put(key, made, _SIZE + tls.size(credentials, client_certificate=shown))
        return made

    def _retire(self, dropped: _Open) -> None:
        dropped.retired = True
        if not dropped.users:
            closing = asyncio.get_running_loop().create_task(dropped.client.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)


def base_url(url: str, *, allow_http: bool) -> str:
    """spec.url without a slash at its end; IssuerFailed, naming the remedy, where no CA can be there."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise IssuerFailed(
            "spec.url: is no URL; write it as https://ca.example.com or https://[2001:db8::1]:9000"
        ) from None
    problem = _problem(parts, port, allow_http)
    if problem or not re.fullmatch(r"[!-~]+", url):
        raise IssuerFailed(f"spec.url: {problem or 'holds characters that no URL has; write others as %20'}")
    return url.rstrip("/")


def _problem(parts: SplitResult, port: int | None, allow_http: bool) -> str:
    if parts.scheme == "http" and not allow_http:
        return "begins with http://, which the manager does not allow; use https://, or start it with --allow-http"
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        return "must begin with https:// and the CA's host"
    if "@" in parts.netloc:
        return "holds a user name or password; remove them: credentials belong into the Secret"
    if parts.query or parts.fragment:
        return "holds a query or fragment; remove what begins with ? or #"
    return ""
