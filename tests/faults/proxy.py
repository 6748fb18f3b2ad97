"""A reverse proxy before the API server, which answers in its place where a test says so, and keeps the books.

What no rule takes is passed on as it is, the manager's token included; every write of a certificate and the
answer to it are noted. One that the server does not answer is cut off, as where nothing stands between.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from yarl import URL

from tests.support.remote import https

_HOP_BY_HOP = {"connection", "host", "keep-alive", "transfer-encoding", "content-length"}  # RFC 9110 section 7.6.1
Answer = Callable[["Proxy", web.Request], Awaitable[web.StreamResponse]]
Matches = Callable[[web.Request, bytes], bool]  # the request and its body


@dataclass
class Rule:
    """Takes what it matches, `times` times; `taken` says how often it did."""

    matches: Matches
    answer: Answer
    times: int = 1_000_000
    taken: int = 0


class Proxy:
    """`rules` are asked in order; `writes` are the writes of certificates: the request's name, the code answered."""

    def __init__(self, target: str, session: aiohttp.ClientSession, page: int) -> None:
        self._target, self._session, self._page = target, session, page
        self.rules: tuple[Rule, ...] = ()
        self.writes: list[tuple[str, int]] = []
        self.lists: Counter[str] = Counter()
        self.http = https.Server("", self.answer)

    def fail(self, matches: Matches, answer: Answer, times: int = 1_000_000) -> Rule:
        """From now on, after the rules that there are, until `heal`."""
        rule = Rule(matches, answer, times)
        self.rules = (*self.rules, rule)
        return rule

    def heal(self) -> None:
        self.rules = ()

    def accepted(self) -> Counter[str]:
        """How often a certificate of each request was written."""
        return Counter(name for name, code in self.writes if code < 300)

    def forget(self, name: str) -> None:
        """The request is deleted: who is called like it is another one."""
        self.writes = [write for write in self.writes if write[0] != name]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        of_one = request.query.get("limit") == "1"  # after a silence it is asked for the version alone
        if is_list(request, body) and not is_continued(request, body) and not of_one:
            self.lists[request.path] += 1
        for rule in self.rules:
            if rule.taken < rule.times and rule.matches(request, body):
                rule.taken += 1
                return await rule.answer(self, request)
        return await self.forward(request)

    async def forward(self, request: web.Request, first: bytes = b"") -> web.StreamResponse:
        """The server's answer as it comes; of a watch, after `first`."""
        with suppress(aiohttp.ClientError, TimeoutError):
            async with self.asked(request) as answer:
                return await _carried(request, answer, first)
        return cut(request)

    @asynccontextmanager
    async def asked(self, request: web.Request) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        url, body = self._target + request.raw_path.replace("limit=500", f"limit={self._page}"), await request.read()
        async with self._session.request(
            request.method, URL(url, encoded=True), headers=headers, data=body or None
        ) as answer:
            if writes_certificate(request, body):
                self.writes.append(("/".join(request.path.split("/")[5:8:2]), answer.status))
            yield answer


def cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def is_watch(request: web.Request, body: bytes) -> bool:
    return "watch" in request.query


def is_list(request: web.Request, body: bytes) -> bool:
    return request.method == "GET" and "limit" in request.query


def is_continued(request: web.Request, body: bytes) -> bool:
    return is_list(request, body) and "continue" in request.query


def of_requests(matches: Matches) -> Matches:
    """Those of CertificateRequests alone."""
    return lambda request, body: request.path.endswith("/certificaterequests") and matches(request, body)


def writes_certificate(request: web.Request, body: bytes) -> bool:
    return request.method == "PATCH" and request.path.endswith("/status") and b'"certificate":' in body


def status(code: int, reason: str, retry_after: int | None = None) -> Answer:
    """A Status, as the API server refuses."""
    told = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}

    async def answer(proxy: Proxy, request: web.Request) -> web.Response:
        return web.json_response(told | {"message": f"{reason}, says the test"}, status=code, headers=headers)

    return answer


def gone_event() -> Answer:
    """A watch that ends with an ERROR event of code 410."""
    told = {
        "kind": "Status",
        "status": "Failure",
        "reason": "Expired",
        "code": 410,
        "message": "too old, says the test",
    }

    async def answer(proxy: Proxy, request: web.Request) -> web.Response:
        return web.Response(body=event("ERROR", told), content_type="application/json")

    return answer


def with_first(line: bytes) -> Answer:
    """An honest answer with this line before it."""
    return lambda proxy, request: proxy.forward(request, line)


async def silence(proxy: Proxy, request: web.Request) -> web.StreamResponse:
    """Takes the request and never answers; it never reaches the server."""
    await asyncio.Event().wait()
    raise AssertionError


async def lost_answer(proxy: Proxy, request: web.Request) -> web.StreamResponse:
    """The server does as it was asked, and nobody hears of it."""
    async with proxy.asked(request) as answer:
        await answer.read()
    return cut(request)


def event(kind: str, told: object) -> bytes:
    return json.dumps({"type": kind, "object": told}).encode() + b"\n"


@asynccontextmanager
async def proxy_to(target: str, certificates: str, directory: Path, page: int = 500) -> AsyncIterator[Proxy]:
    """Before the API server at `target`, whose certificate leads to `certificates`; its pages hold `page` objects."""
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=certificates), limit=0)
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session:
        proxy = Proxy(target, session, page)
        async with https.serving(directory, proxy.answer) as proxy.http:
            yield proxy


async def _carried(request: web.Request, answer: aiohttp.ClientResponse, first: bytes) -> web.StreamResponse:
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    if first:
        await response.write(first)
    async for chunk in answer.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response
