"""The server of /metrics: with TLS and authorization, unless --metrics-secure=false.

- Readers are authorized at the API server, as controller-runtime's filter does
  (https://pkg.go.dev/sigs.k8s.io/controller-runtime/pkg/metrics/filters).
- Decisions are cached by the hash of the token, for a bounded time and number; tokens are neither kept nor logged.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import ssl
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from adapters.kubernetes.token_review import Verdict
from domain.errors import ClusterError
from domain.ports import Clock
from entrypoints.http import tls
from entrypoints.http.serving import serving
from entrypoints.issuer import NAMES
from entrypoints.settings import METRICS_PATH, Settings

Review = Callable[[str], Awaitable[Verdict]]
"""Judges a token; raises ClusterError where the API server cannot be asked."""

_LASTS = {
    Verdict.ALLOWED: timedelta(minutes=1),
    Verdict.UNKNOWN: timedelta(seconds=10),
    Verdict.FORBIDDEN: timedelta(seconds=10),  # a reader that was just allowed should not wait for long
}
_BEARER = re.compile(r"bearer +(?P<token>[A-Za-z0-9._~+/-]+=*) *", re.IGNORECASE)
"""https://www.rfc-editor.org/rfc/rfc6750#section-2.1"""
_REMEMBERED = 1000
_AT_ONCE = 4
"""Reviews under way: strangers with many tokens must not make us a burden to the API server."""
_log = logging.getLogger("issuer.metrics")


class Guard:
    def __init__(self, review: Review, clock: Clock) -> None:
        self._review = review
        self._clock = clock
        self._known: OrderedDict[bytes, tuple[Verdict, timedelta]] = OrderedDict()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def judge(self, token: str) -> Verdict:
        """What is remembered of the token, or what the API server says now. Raises ClusterError."""
        digest = hashlib.sha256(token.encode()).digest()
        if verdict := self._recall(digest):
            return verdict
        async with self._slots:
            verdict = self._recall(digest) or await self._review(token)  # another request may have asked meanwhile
        self._known[digest] = verdict, self._clock.uptime() + _LASTS[verdict]
        self._known.move_to_end(digest)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return verdict

    def _recall(self, digest: bytes) -> Verdict | None:
        verdict, until = self._known.get(digest, (None, self._clock.uptime()))
        return verdict if self._clock.uptime() < until else None

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            shown = _BEARER.fullmatch(request.headers.get("Authorization", ""))
            if shown is None:
                return _unauthorized("a bearer token is wanted")
            try:
                verdict = await self.judge(shown["token"])
            except ClusterError as trouble:
                _log.warning("metrics authorization failed: %s: %s", type(trouble).__name__, trouble)
                return web.Response(status=503, text="the API server cannot be asked; the log says why")
            if verdict is Verdict.UNKNOWN:
                return _unauthorized("the API server does not know this token")
            if verdict is Verdict.FORBIDDEN:
                return web.Response(status=403, text="RBAC does not allow to get this nonResourceURL")
            return await handler(request)

        return guarded


def _unauthorized(why: str) -> web.Response:
    return web.Response(status=401, text=why, headers={"WWW-Authenticate": "Bearer"})


Page = Callable[[str], tuple[bytes, str]]
"""All metrics in the format that a header Accept asks for, and its content type."""


class MetricsServer:
    """`guard` makes the guard, which is asked only where one is wanted."""

    def __init__(self, settings: Settings, page: Page, guard: Callable[[], Guard]) -> None:
        self._settings = settings
        self._page = page
        self._guard = guard

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Serves while the context lasts; not at all where there is no address. Raises CannotListen."""
        address = self._settings.metrics_bind_address
        if address is None:
            yield
            return
        application = web.Application(middlewares=[self._guard().middleware] if self._settings.metrics_secure else [])
        application.add_routes([web.get(METRICS_PATH, self._metrics)])
        async with serving(application, address, "--metrics-bind-address", self._tls()):
            yield

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = self._page(",".join(request.headers.getall("Accept", [])))
        return web.Response(body=body, headers={"Content-Type": content_type})

    def _tls(self) -> ssl.SSLContext | None:
        if not self._settings.metrics_secure:
            return None
        folder = self._settings.metrics_cert_path
        return tls.from_folder(folder) if folder else tls.self_signed(NAMES.controller)
