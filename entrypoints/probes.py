"""/healthz and /readyz, for the kubelet.

Law: alive as long as the event loop turns; ready once the caches are filled, for before that nothing is decided. A
standby is ready too.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from entrypoints.settings import Address


class CannotListen(Exception):
    """The address is taken or is none of this machine's."""


@asynccontextmanager
async def probes(address: Address | None, is_ready: Callable[[], bool]) -> AsyncIterator[None]:
    """Serves the probes while the context lasts; not at all where there is no address. Raises CannotListen."""
    if address is None:
        yield
        return

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def readyz(_: web.Request) -> web.Response:
        if is_ready():
            return web.Response(text="ok")
        return web.Response(status=503, text="the caches are not filled yet; the log says what is waited for")

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host or None, address.port).start()
    except OSError as error:
        await runner.cleanup()
        code = error.errno or 0
        why = os.strerror(code) if code > 0 else error.strerror  # asyncio has words of its own
        raise CannotListen(f"--health-probe-bind-address: cannot listen on {address}: {why}") from error
    try:
        yield
    finally:
        await runner.cleanup()
