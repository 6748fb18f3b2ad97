"""Every call to the API server is told to the Meter: its verb, its resource, and how it ended.

As the API server's own audit log would have it; names of objects are never told.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from dependency_injector import providers

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of, client_on
from adapters.kubernetes.schema import EVENTS, SECRETS
from adapters.kubernetes.transport import InstrumentedTransport, verb_and_resource
from adapters.memory.metrics import MemoryMetrics
from domain.errors import ClusterError
from domain.model import ObjectKey
from entrypoints.container import Container
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings
from tests.support.cluster.pki import write_kubeconfig
from tests.unit.adapters.kubernetes.wire import ISSUERS, REQUESTS, SIGNING_REQUESTS, Answer, access, authentication

SERVER = "https://api.example.com:6443"
AN_EVENT = {"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"}}


class Caller:
    def __init__(self, answer: Answer) -> None:
        async def handle(request: httpx2.Request) -> httpx2.Response:
            told = answer(request)
            return told if isinstance(told, httpx2.Response) else await told

        self.metrics = MemoryMetrics()
        client = client_on(
            InstrumentedTransport(httpx2.MockTransport(handle), self.metrics, SERVER),
            SERVER,
            authentication(),
        )
        self.api = Api(client, "tester")

    async def ask(self, call: Any) -> None:
        try:
            await call(self.api)
        except ClusterError:
            return


def status(code: int) -> Answer:
    return lambda _: httpx2.Response(code, json={"metadata": {}, "items": []})


async def _watch(api: Api) -> None:
    async with api.watch(REQUESTS, resource_version="1", seconds=1, metadata_only=False) as chunks:
        async for _ in chunks:
            pass


CALLS: list[tuple[Any, tuple[str, str]]] = [
    (lambda api: api.get(SECRETS, "n", "x"), ("get", "secrets")),
    (lambda api: api.create(EVENTS, "n", AN_EVENT), ("create", "events")),
    (lambda api: api.merge(EVENTS, "n", "x", {}), ("patch", "events")),
    (lambda api: api.apply_status(ISSUERS, "n", "x", "7", {}), ("patch", f"{NAMES.issuers}/status")),
    (
        lambda api: api.apply_status(SIGNING_REQUESTS, "", "watch=true? a:b", "7", {}),
        ("patch", "certificatesigningrequests/status"),
    ),
    (
        lambda api: api.list_page(REQUESTS, limit=1, token="t", metadata_only=False),
        ("list", "certificaterequests"),
    ),
    (_watch, ("watch", "certificaterequests")),
]


@pytest.mark.parametrize(("call", "wanted"), CALLS, ids=["/".join(wanted) for _, wanted in CALLS])
@pytest.mark.parametrize("code", [200, 409, 503])
async def test_every_call_is_told_with_its_code(call: Any, wanted: tuple[str, str], code: int) -> None:
    made = Caller(status(code))
    await made.ask(call)
    assert made.metrics.calls == {(*wanted, str(code)): 1}


async def test_every_call_is_told_with_its_method_and_the_host() -> None:
    made = Caller(status(200))
    for call, _ in CALLS:
        await made.ask(call)
    told = {
        ("200", method, "api.example.com:6443"): number for method, number in (("GET", 3), ("POST", 1), ("PATCH", 3))
    }
    assert made.metrics.http_calls == told


@pytest.mark.parametrize(
    ("server", "host"),
    [
        ("https://api.example.com", "api.example.com"),
        ("https://name:canary@api.example.com:6443/below", "api.example.com:6443"),
        ("https://[fd00::1]:443/", "[fd00::1]:443"),
    ],
)
async def test_the_host_is_that_of_the_server_without_path_and_password(server: str, host: str) -> None:
    metrics = MemoryMetrics()
    transport = InstrumentedTransport(httpx2.MockTransport(lambda _: httpx2.Response(200)), metrics, server)
    await transport.handle_async_request(httpx2.Request("GET", f"{server}/api/v1/namespaces/n/secrets/x"))
    assert metrics.http_calls == {("200", "GET", host): 1}


NOBODY = "http://127.0.0.1:1"


@pytest.mark.parametrize(
    ("server", "proxy"),
    [("https://api.example.com", NOBODY), (f"{NOBODY}/k8s/clusters/c-x/", "")],
    ids=["by a proxy", "below a path, as behind a gateway"],
)
async def test_wherever_the_server_is_a_call_is_told_as_what_it_is(
    server: str, proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path must not be taken for a resource, nor a name be told."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    metrics = MemoryMetrics()
    api = Api(client_of(access(server), metrics), "tester")
    with pytest.raises(ClusterError):
        await api.get(SECRETS, "n", "x")
    await api.close()
    assert metrics.calls == {("get", "secrets", "none"): 1}


async def test_of_the_managers_calls_those_for_the_lease_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They go by a client of their own."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    write_kubeconfig(tmp_path / "kubeconfig", {"server": NOBODY}, {"token": "none"})
    container, metrics = Container(settings=Settings("system", leader_election_namespace="system")), MemoryMetrics()
    container.metrics.override(providers.Object(metrics))
    for call in (container.cluster().credentials(ObjectKey("Secret", "n", "x")), container.lease().read()):
        with pytest.raises(ClusterError):
            await call
    for api in (container.api(), container.lease_api()):
        await api.close()
    assert metrics.calls == {("get", "secrets", "none"): 1, ("get", "leases", "none"): 1}


async def test_a_server_that_is_not_there_has_no_code() -> None:
    def broken(_: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("connection refused")

    made = Caller(broken)
    await made.ask(CALLS[0][0])
    assert made.metrics.calls == {("get", "secrets", "none"): 1}


async def test_a_call_that_is_given_up_has_no_code() -> None:
    async def silent(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    made = Caller(silent)
    task = asyncio.create_task(made.ask(CALLS[0][0]))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert made.metrics.calls == {("get", "secrets", "none"): 1}


@pytest.mark.parametrize(
    ("method", "path", "wanted"),
    [
        ("GET", "/api/v1/secrets", ("list", "secrets")),
        ("GET", "/api/v1/secrets?watch=true", ("watch", "secrets")),
        ("GET", "/api/v1/namespaces/secrets/secrets/watch", ("get", "secrets")),
        ("PUT", "/apis/coordination.k8s.io/v1/namespaces/n/leases/l", ("update", "leases")),
        ("DELETE", "/apis/g/v1/things/x", ("delete", "things")),
        ("POST", "/apis/authentication.k8s.io/v1/tokenreviews", ("create", "tokenreviews")),
        ("GET", "/apis/g/v1/things/a%2Fb%3Fwatch=true", ("get", "things")),
        ("GET", "/apis/g/v1", ("get", "discovery")),
    ],
)
def test_what_a_request_is(method: str, path: str, wanted: tuple[str, str]) -> None:
    assert verb_and_resource(method, httpx2.URL(f"https://api.example.com{path}")) == wanted
