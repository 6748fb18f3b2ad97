"""The server of /metrics: with TLS and authorization, unless --metrics-secure=false."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from entrypoints.http import tls
from entrypoints.http.metrics_access import Guard
from entrypoints.http.serving import serving
from entrypoints.issuer import NAMES
from entrypoints.settings import METRICS_PATH, Settings

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


class MetricsServer:
    """`text` gives the page; `guard` makes the guard, which is asked only where one is wanted."""

    def __init__(self, settings: Settings, text: Callable[[], bytes], guard: Callable[[], Guard]) -> None:
        self._settings = settings
        self._text = text
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

    async def _metrics(self, _: web.Request) -> web.Response:
        return web.Response(body=self._text(), headers={"Content-Type": CONTENT_TYPE})

    def _tls(self) -> ssl.SSLContext | None:
        if not self._settings.metrics_secure:
            return None
        folder = self._settings.metrics_cert_path
        return tls.from_folder(folder) if folder else tls.self_signed(NAMES.controller)
