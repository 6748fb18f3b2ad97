"""One small HTTP server, for as long as a context lasts."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from entrypoints.flag_types import Address


class CannotListen(Exception):
    """The address is taken or is none of this machine's, or the certificate to serve with cannot be used."""


@asynccontextmanager
async def serving(
    application: web.Application, address: Address, flag: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Serves the application at the address that the flag gave. Raises CannotListen."""
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host or None, address.port, ssl_context=tls).start()
    except OSError as error:
        await runner.cleanup()
        code = error.errno or 0
        why = os.strerror(code) if code > 0 else error.strerror  # asyncio has words of its own
        raise CannotListen(f"{flag}: cannot listen on {address}: {why}") from error
    try:
        yield
    finally:
        await runner.cleanup()
