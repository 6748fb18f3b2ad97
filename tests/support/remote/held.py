"""A CA that keeps everybody waiting until the test says so."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tests.support.remote.est import ESTServer


class Held:
    """An honest answer that is given only when the test says so."""

    def __init__(self, ca: ESTServer) -> None:
        self._ca = ca
        self._released = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self._loop = asyncio.get_running_loop()
        await self._released.wait()
        return await self._ca.answer(request)

    def release(self) -> None:
        assert self._loop is not None, "the CA was not asked"
        self._loop.call_soon_threadsafe(self._released.set)
