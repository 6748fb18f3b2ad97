"""A Client for each CA that issuers name, made when first needed and kept for the next time.

Law: a Client belongs to one address, one Secret and that Secret's content: whoever has other credentials never gets a
connection that was authenticated with these. One that is replaced, or is the longest unused of too many, is closed
when its last exchange has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from adapters.signers.remote import tls
from adapters.signers.remote.distrust import Trust
from adapters.signers.remote.http import Answer, Client, Limits, Question
from domain.errors import IssuerFailed
from domain.model import Credentials, ObjectKey
from domain.ports import Clock

_KEPT = 100
_Key = tuple[str, ObjectKey, bool]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A CA, and as whom it is spoken to; `client_certificate` says that TLS shows the Secret's tls.crt."""

    url: str
    secret: ObjectKey
    credentials: Credentials
    client_certificate: bool = False


@dataclass(slots=True)
class _Kept:
    credentials: Credentials
    client: Client
    users: int = 0
    retired: bool = False

    async def close_if_over(self) -> None:
        if self.retired and not self.users:
            await self.client.close()


class Clients:
    """What signers of remote CAs share. `allow_http` lets spec.url begin with http:// too."""

    def __init__(self, clock: Clock, *, allow_http: bool = False, limits: Limits | None = None) -> None:
        self._clock = clock
        self._allow_http = allow_http
        self._limits = limits or Limits()
        self._kept: OrderedDict[tuple[str, ObjectKey, bool], _Kept] = OrderedDict()

    async def exchange(self, endpoint: Endpoint, question: Question) -> Answer:
        """Asks the CA once. IssuerFailed for a URL or a Secret that cannot work, IssuerUnhealthy as Client has it."""
        base = base_url(endpoint.url, allow_http=self._allow_http)
        async with self._borrowed(base, endpoint) as client:
            return await client.exchange(question)

    async def close(self) -> None:
        """Closes all connections, those in use when their exchanges have ended."""
        await self._retire(self._kept)

    @contextlib.asynccontextmanager
    async def _borrowed(self, base: str, endpoint: Endpoint) -> AsyncIterator[Client]:
        key = base, endpoint.secret, endpoint.client_certificate
        kept = self._find(key, endpoint.credentials) or await self._make(key, endpoint)
        kept.users += 1  # nothing is awaited since it was found: it is open
        try:
            await self._retire(list(self._kept)[:-_KEPT])
            yield kept.client
        finally:
            kept.users -= 1
            await kept.close_if_over()

    def _find(self, key: _Key, credentials: Credentials) -> _Kept | None:
        found = self._kept.get(key)
        if found is None or found.credentials != credentials:
            return None
        self._kept.move_to_end(key)
        return found

    async def _make(self, key: _Key, endpoint: Endpoint) -> _Kept:
        context = await asyncio.to_thread(
            tls.context,
            endpoint.secret,
            endpoint.credentials,
            client_certificate=endpoint.client_certificate,
            now=self._clock.now(),
        )
        if found := self._find(key, endpoint.credentials):  # somebody else was faster
            return found
        await self._retire([key])
        if found := self._find(key, endpoint.credentials):
            return found
        trust = Trust(str(endpoint.secret), tls.has_bundle(endpoint.credentials))
        made = _Kept(endpoint.credentials, Client(key[0], trust, context, self._clock, self._limits))
        self._kept[key] = made
        return made

    async def _retire(self, keys: Iterable[_Key]) -> None:
        retired = [self._kept.pop(key) for key in list(keys) if key in self._kept]
        for kept in retired:
            kept.retired = True
            await kept.close_if_over()


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
