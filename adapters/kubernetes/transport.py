"""httpx2 transports on aiohttp's connections, for lightkube.

- Requests and exceptions stay httpx2's. Its own connection pool polls every idle connection at every request, and its
  parser is in Python: together half of the manager's CPU time.
- Calls are counted at the transport, so that none and no retry is missed. Verb and resource are read from the request
  as the API server does; names of objects are left out. Source:
  https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import aiohttp
import httpx2
from yarl import URL

from adapters.kubernetes.errors import REFUSED_FOR, unreachable
from adapters.kubernetes.tls import Tls
from domain.ports import Metrics

_UNAUTHORIZED = 401
CONNECTIONS = 100  # at a time; who wants one more waits
_IDLE = 60.0  # seconds until an unused connection is closed; the API server keeps them for longer
_SENT_AS_TOLD = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")  # headers that aiohttp would make up
_RAISED: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (  # the first that fits
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (TimeoutError, httpx2.ReadTimeout),
    (aiohttp.ClientHttpProxyError, httpx2.ConnectError),  # nothing has reached the server
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientOSError, httpx2.ReadError),  # perhaps while writing, but who knows what the server got
    (aiohttp.ClientError, httpx2.RemoteProtocolError),
)


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """`proxy` is a URL; `name` the one that the server's certificate must have, where it is not the URL's host."""

    def __init__(self, tls: Tls, proxy: str | None, connections: int = CONNECTIONS, name: str | None = None) -> None:
        self._tls = tls
        self._proxy = proxy
        self._name = name
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None  # made by the first request: aiohttp wants a running loop

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self._session = self._session or self._begin()
        url = request.url
        with _translated(request, self._tls):
            answer = await self._session.request(
                request.method,
                URL.build(
                    scheme=url.scheme,
                    authority=url.netloc.decode(),
                    path=url.raw_path.decode().partition("?")[0],
                    query_string=url.query.decode(),
                    encoded=True,
                ),
                headers=request.headers.multi_items(),
                data=request.content or None,
                timeout=_timeout(request),
                allow_redirects=False,
                ssl=self._tls.context(),  # connections of another context are not used any more
                server_hostname=self._name,
            )
        # For errors.py: HTTP does not say why a credential is refused.
        refused = {REFUSED_FOR: self._tls.expiry()} if answer.status == _UNAUTHORIZED else {}
        return httpx2.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer, request, self._tls),
            extensions=refused,
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _begin(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=aiohttp.ThreadedResolver(),  # the system's; aiohttp would take aiodns, since it is installed
                limit=self._connections,
                keepalive_timeout=_IDLE,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_SENT_AS_TOLD,
            auto_decompress=False,  # httpx2 does it
            proxy=self._proxy,  # looked up once; aiohttp would do it in two threads at every request
        )


class _Body(httpx2.AsyncByteStream):
    def __init__(self, answer: aiohttp.ClientResponse, request: httpx2.Request, tls: Tls) -> None:
        self._answer = answer
        self._request = request
        self._tls = tls

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._request, self._tls):
            async for chunk in self._answer.content.iter_any():
                yield chunk

    async def aclose(self) -> None:
        self._answer.close()  # one that was read to its end has given its connection back before


def _timeout(request: httpx2.Request) -> aiohttp.ClientTimeout:
    """httpx2's four, in seconds or None."""
    timeouts = request.extensions.get("timeout", {})
    return aiohttp.ClientTimeout(
        total=None, connect=timeouts.get("pool"), sock_connect=timeouts.get("connect"), sock_read=timeouts.get("read")
    )


@contextmanager
def _translated(request: httpx2.Request, tls: Tls) -> Iterator[None]:
    try:
        yield
    except (aiohttp.ClientError, OSError) as error:
        kind = next((kind for known, kind in _RAISED if isinstance(error, known)), httpx2.NetworkError)
        raise kind(str(error), request=request) from unreachable(error, _address(request.url), tls.trusted)


def _address(url: httpx2.URL) -> str:
    """host:port, as kubectl's messages have it."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"


_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class InstrumentedTransport(httpx2.AsyncBaseTransport):
    """A transport around any other, to the server of this URL, with whose path every request's begins."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, metrics: Metrics, server: str) -> None:
        self._inner = inner
        self._metrics = metrics
        url = urlsplit(server)
        self._below = url.path
        self._host = url.netloc.rpartition("@")[2]  # before it is a credential

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        verb, resource = verb_and_resource(request.method, request.url, self._below)
        code = "none"
        try:
            response = await self._inner.handle_async_request(request)
            code = str(response.status_code)
            return response
        finally:
            self._metrics.called(verb, resource, code, request.method, self._host)

    async def aclose(self) -> None:
        await self._inner.aclose()


def verb_and_resource(method: str, url: httpx2.URL, below: str = "") -> tuple[str, str]:
    """As RBAC has them: ("patch", "certificaterequests/status")."""
    segments = url.raw_path.decode().removeprefix(below).partition("?")[0].strip("/").split("/")
    rest = segments[2:] if segments[0] == "api" else segments[3:]  # after api/v1 or apis/group/version
    if not rest:
        return "get", "discovery"  # the list of the resources there
    if rest[0] == "namespaces" and len(rest) > 2:
        rest = rest[2:]
    plural, name, *subresource = [*rest, ""] if len(rest) == 1 else rest
    return _verb(method, url, bool(name)), "/".join([plural, *subresource])


def _verb(method: str, url: httpx2.URL, named: bool) -> str:
    if method != "GET":
        return _WRITES[method]
    if url.params.get("watch") == "true":
        return "watch"
    return "get" if named else "list"
