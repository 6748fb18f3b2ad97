"""Counts every call to the API server by verb, resource and code.

It counts at the transport, so that no call and no retry is missed. Verb and resource are read from the request as the
API server does; names of objects are left out. Source:
https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb
"""

from __future__ import annotations

import httpx2

from domain.ports import Metrics

_WRITES = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class InstrumentedTransport(httpx2.AsyncBaseTransport):
    """A transport around any other; `below` is the path that the server's URL has, and every request's begins with."""

    def __init__(self, inner: httpx2.AsyncBaseTransport, metrics: Metrics, below: str = "") -> None:
        self._inner = inner
        self._metrics = metrics
        self._below = below

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        verb, resource = verb_and_resource(request.method, request.url, self._below)
        code = "none"
        try:
            response = await self._inner.handle_async_request(request)
            code = str(response.status_code)
            return response
        finally:
            self._metrics.called(verb, resource, code)

    async def aclose(self) -> None:
        await self._inner.aclose()


def verb_and_resource(method: str, url: httpx2.URL, below: str = "") -> tuple[str, str]:
    """As RBAC has them: ("patch", "sampleissuers/status")."""
    segments = url.raw_path.decode().removeprefix(below).partition("?")[0].strip("/").split("/")
    rest = segments[2:] if segments[0] == "api" else segments[3:]  # after api/v1 or apis/group/version
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
