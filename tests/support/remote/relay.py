"""A TCP relay to a server, on which a test blocks, cuts or forgets connections, as a network does.

While it is blocked nothing is refused and nothing is closed, as where packets are dropped; what was swallowed
arrives late, when the relay is open again. It knows nothing of what is carried. It runs in
a thread of its own, for the tests ask kubectl and wait for it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from typing import TypeVar
from urllib.parse import urlsplit

T = TypeVar("T")
_SECONDS = 30


@contextmanager
def in_background(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What an asynchronous context gives, kept alive by a loop in a thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        found = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(_SECONDS)
        try:
            yield found
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(_SECONDS)
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_the_rest(), loop).result(_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


async def _cancel_the_rest() -> None:
    """As asyncio.run does at its end: a client may have begun a handshake that will never end."""
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


class Relay:
    """Passes connections on to a server; `url` is its own. Open until `block`."""

    def __init__(self, target: str) -> None:
        self._target = urlsplit(target)
        self._loop = asyncio.get_running_loop()
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._forgotten: set[asyncio.Task[None]] = set()
        self.url = ""

    def block(self) -> None:
        self._loop.call_soon_threadsafe(self._open.clear)

    def open(self) -> None:
        self._loop.call_soon_threadsafe(self._open.set)

    def cut(self) -> None:
        """Resets every connection there is; new ones are welcome."""
        self._loop.call_soon_threadsafe(self._cut)

    def forget(self) -> None:
        """Half-open: nothing passes any more on the connections there are, and nobody is told; new ones work."""
        self._loop.call_soon_threadsafe(lambda: self._forgotten.update(self._connections))

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self._writers.add(writer)
        with suppress(OSError, asyncio.CancelledError):
            there_reader, there_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._carry(task, reader, there_writer))
                    both.create_task(self._carry(task, there_reader, writer))
            except* OSError:
                pass
            finally:
                there_writer.close()
                await there_writer.wait_closed()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        self._connections.discard(task)
        self._forgotten.discard(task)
        self._writers.discard(writer)

    async def close(self) -> None:
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _carry(
        self, connection: asyncio.Task[None], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if connection in self._forgotten:
                continue
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def relay_to(target: str) -> AsyncIterator[Relay]:
    relay = Relay(target)
    server = await asyncio.start_server(relay.connected, "127.0.0.1", 0)
    relay.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield relay
    finally:
        server.close()
        await relay.close()
