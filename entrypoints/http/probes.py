"""/healthz and /readyz, for the kubelet.

- /healthz answers 200 while the event loop runs and the API server accepts the manager's credential.
- /readyz answers 200 once the caches are filled, for before that nothing is decided. A standby is ready too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from aiohttp import web

from domain.ports import Clock
from entrypoints.flag_types import Address
from entrypoints.http.serving import serving

_UNAUTHORIZED = 401
_PATIENCE = timedelta(minutes=10)  # longer than two watches, of which each new one is an answer


class Acceptance:
    """Whether the API server accepts the manager's credential, by the answers to all calls."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused_since: timedelta | None = None

    def answered(self, status: int) -> None:
        """From 500 on a status says nothing: a proxy may have answered before anybody looked at the credential."""
        if status != _UNAUTHORIZED:
            self._refused_since = None if status < 500 else self._refused_since
        elif self._refused_since is None:
            self._refused_since = self._clock.uptime()

    def has_ended(self) -> bool:
        """Whether it has been refused for so long that it will not be accepted any more."""
        return self._refused_since is not None and self._clock.uptime() - self._refused_since > _PATIENCE


@asynccontextmanager
async def probes(
    address: Address | None, is_ready: Callable[[], bool], credential_has_ended: Callable[[], bool]
) -> AsyncIterator[None]:
    """Serves the probes while the context lasts; not at all where there is no address. Raises CannotListen."""
    if address is None:
        yield
        return

    async def healthz(_: web.Request) -> web.Response:
        if credential_has_ended():
            why = f"the manager has had no credential that the API server accepts for {_PATIENCE.seconds // 60} minutes"
            return web.Response(
                status=503, text=f"{why}; renew the kubeconfig or the ServiceAccount's token, see the log"
            )
        return web.Response(text="ok")

    async def readyz(_: web.Request) -> web.Response:
        if is_ready():
            return web.Response(text="ok")
        return web.Response(status=503, text="the caches are not filled yet; the log says what is waited for")

    application = web.Application()
    application.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz)])
    async with serving(application, address, "--health-probe-bind-address"):
        yield
