"""What lightkube sends by ours is what it sends by httpx2's own client.

Each request is built by both and compared; how one is sent is seen at a transport that notes what it is given.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from lightkube import AsyncClient
from lightkube.config.client_adapter import BearerTokenFileAuth
from lightkube.core.exceptions import ConfigError
from lightkube.core.generic_client import BasicRequest

from adapters.kubernetes.http import Http
from tests.unit.adapters.kubernetes.wire import CANARY, config

SERVERS = ["https://api.example.com", "https://[fd00::1]:6443", "https://gateway.example.com/k8s/clusters/c-x/"]
REQUESTS = {
    "a read": BasicRequest(method="GET", url="api/v1/namespaces/n/secrets/x", params={}),
    "a name that is escaped": BasicRequest(method="GET", url="apis/g/v1/things/My_CSR%3Ax%2F%3F", params={}),
    "parameters": BasicRequest(
        method="GET",
        url="apis/g/v1/things",
        params={
            "limit": "500",
            "continue": "eyJ2IjoibWV0YS5rOHMu+/=&x",
            "allowWatchBookmarks": "true",
            "force": "true",
        },
        headers={"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"},
    ),
    "a body": BasicRequest(
        method="PATCH",
        url="apis/g/v1/namespaces/n/things/x/status",
        params={"fieldManager": "me", "force": "true"},
        data={"status": {"certificate": "AAAA", "none": None}},
        headers={"Content-Type": "application/apply-patch+yaml"},
    ),
    "a timeout of its own": BasicRequest(
        method="GET", url="apis/g/v1/things", params={"watch": "true"}, timeout=httpx2.Timeout(10.0, read=45.0)
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("server", SERVERS)
def test_what_is_built_is_what_httpx2_builds(name: str, server: str) -> None:
    lightkube: Any = AsyncClient(config=config(server))._client
    wanted: httpx2.Request = lightkube.build_adapter_request(REQUESTS[name])
    lightkube._client = Http(lightkube._client, httpx2.AsyncBaseTransport())
    built: httpx2.Request = lightkube.build_adapter_request(REQUESTS[name])
    assert (built.method, str(built.url), built.url.raw_path) == (wanted.method, str(wanted.url), wanted.url.raw_path)
    assert sorted(built.headers.multi_items()) == sorted(wanted.headers.multi_items())
    assert (built.content, built.extensions) == (wanted.content, wanted.extensions)


class Body(httpx2.AsyncByteStream):
    """One that ends, breaks or does neither; `closed` once it was."""

    def __init__(self, failure: Exception | None = None, ends: bool = False) -> None:
        self.closed = False
        self._failure = failure
        self._ends = ends

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"half"
        if self._failure is not None:
            raise self._failure
        if not self._ends:
            await asyncio.Event().wait()

    async def aclose(self) -> None:
        self.closed = True


class Server(httpx2.AsyncBaseTransport):
    """Gives these answers one after the other, and notes who asked. `meanwhile` is done before each."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self._answers = list(answers)
        self.asked: list[str | None] = []
        self.meanwhile: Callable[[], object] = lambda: None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.headers.get("Authorization"))
        self.meanwhile()
        return self._answers.pop(0)


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("old")
    return file


def asking(server: Server, auth: httpx2.Auth | None = None) -> tuple[Http, httpx2.Request]:
    http = Http(httpx2.AsyncClient(base_url="https://api.example.com", auth=auth), server)
    return http, http.build_request("GET", "version", params={}, content=None, headers=None, timeout=None)


async def test_an_answer_knows_what_was_asked_and_is_read() -> None:
    http, request = asking(Server(httpx2.Response(503, content=b"busy")))
    answer = await http.send(request)
    assert (answer.status_code, answer.content, answer.request) == (503, b"busy", request)


async def test_a_token_is_sent_along() -> None:
    server = Server(httpx2.Response(200))
    http, request = asking(server, AsyncClient(config=config())._client._client.auth)
    await http.send(request)
    assert server.asked == [f"Bearer {CANARY}"]


async def test_a_token_that_is_refused_is_read_anew_once(token: Path) -> None:
    server = Server(httpx2.Response(401), httpx2.Response(200), httpx2.Response(401), httpx2.Response(401))
    http, request = asking(server, BearerTokenFileAuth(str(token)))
    server.meanwhile = lambda: token.write_text("new")
    assert (await http.send(request)).status_code == 200
    assert server.asked == ["Bearer old", "Bearer new"]
    assert (await http.send(request)).status_code == 401, "twice refused is an answer"


async def test_what_was_refused_gives_its_connection_back_before_it_is_repeated(token: Path) -> None:
    body = Body(ends=True)
    server = Server(httpx2.Response(401, stream=body), httpx2.Response(200))
    http, request = asking(server, BearerTokenFileAuth(str(token)))
    closed: list[bool] = []
    server.meanwhile = lambda: closed.append(body.closed)
    await http.send(request, stream=True)
    assert closed == [False, True]


class Another(httpx2.Auth):
    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        yield request
        yield httpx2.Request("GET", "https://api.example.com/version", headers={"Authorization": "another"})


async def test_credentials_may_want_another_request() -> None:
    server = Server(httpx2.Response(401), httpx2.Response(200))
    http, request = asking(server, Another())
    assert (await http.send(request)).status_code == 200
    assert server.asked == [None, "another"]


async def test_without_credentials_none_are_sent() -> None:
    server = Server(httpx2.Response(200))
    http, request = asking(server)
    await http.send(request)
    assert server.asked == [None]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_redirect_is_an_answer(stream: bool) -> None:
    server = Server(httpx2.Response(302, headers={"Location": "https://elsewhere.example.com"}))
    http, request = asking(server)
    assert (await http.send(request, stream=stream)).status_code == 302


async def test_a_stream_is_left_open() -> None:
    body = Body()
    http, request = asking(Server(httpx2.Response(200, stream=body)))
    answer = await http.send(request, stream=True)
    assert not body.closed
    await answer.aclose()
    assert body.closed


async def test_a_body_that_breaks_gives_its_connection_back() -> None:
    body = Body(httpx2.ReadError("cut"))
    http, request = asking(Server(httpx2.Response(200, stream=body)))
    with pytest.raises(httpx2.ReadError):
        await http.send(request)
    assert body.closed


async def test_who_stops_waiting_gives_the_connection_back() -> None:
    body = Body()
    http, request = asking(Server(httpx2.Response(200, stream=body)))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await http.send(request)
    assert body.closed


async def test_credentials_that_cannot_be_had_anew_give_the_connection_back(token: Path) -> None:
    body = Body()
    server = Server(httpx2.Response(401, stream=body))
    http, request = asking(server, BearerTokenFileAuth(str(token)))
    server.meanwhile = token.unlink
    with pytest.raises(ConfigError, match="not found"):
        await http.send(request)
    assert body.closed
