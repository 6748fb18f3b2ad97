"""A manager that is told its namespaces looks into these alone.

Nothing is listed or watched in all namespaces but what is in none; what one namespace's list lacks says nothing
of another's; however many there are, calls do not wait for a connection that a watch keeps.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.idle_cache import IdleCache
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.kubernetes.schema import SECRET_VERSIONS
from adapters.memory.metrics import MemoryMetrics
from domain.model import ObjectKey
from entrypoints.container import Container
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings
from tests.support.cluster.pki import write_kubeconfig
from tests.support.specs import codec
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, failure, page
from tests.unit.adapters.kubernetes.reflecting import an_object, passing_at_once, until
from tests.unit.adapters.kubernetes.wire import REQUESTS, Wire

OURS = f"/apis/{NAMES.group}/{NAMES.version}"
MANY = [f"team-{number}" for number in range(40)]
KEY = ObjectKey("Secret", "team-0", "credentials")


@asynccontextmanager
async def watching(server: FakeApiServer, namespaces: Sequence[str], directory: Path) -> AsyncIterator[Container]:
    """The cluster as it is wired, when it has seen everything."""
    write_kubeconfig(directory / "kubeconfig", {"server": server.url}, {"token": "none"})
    container = Container(settings=Settings("system", namespaces=tuple(namespaces)))
    watch = asyncio.create_task(container.cluster().watch(lambda key, after: None))
    try:
        async with asyncio.timeout(10):
            await container.cluster().synced()
        yield container
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await container.api().close()


@pytest.fixture(autouse=True)
def kubeconfig(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))


async def test_each_is_listed_and_watched_and_nothing_else(tmp_path: Path) -> None:
    async with (
        FakeApiServer([page()] * 11) as server,
        watching(server, ["team-a", "team-b"], tmp_path),
    ):
        await until(lambda: server.watching == 11)
        expected = [
            "/api/v1/namespaces/team-a/secrets",
            "/api/v1/namespaces/team-b/secrets",
            "/api/v1/namespaces/system/secrets",
            f"{OURS}/namespaces/team-a/{NAMES.issuers}",
            f"{OURS}/namespaces/team-b/{NAMES.issuers}",
            f"{OURS}/{NAMES.cluster_issuers}",
            "/apis/cert-manager.io/v1/namespaces/team-a/certificaterequests",
            "/apis/cert-manager.io/v1/namespaces/team-b/certificaterequests",
            "/apis/certificates.k8s.io/v1/certificatesigningrequests",
            "/apis/certificates.k8s.io/v1/namespaces/team-a/podcertificaterequests",
            "/apis/certificates.k8s.io/v1/namespaces/team-b/podcertificaterequests",
        ]
        for asked in (server.lists, server.watches):
            assert sorted(each.path for each in asked) == sorted(expected)


async def test_the_namespace_of_cluster_issuers_is_followed_once_where_it_is_named_too(tmp_path: Path) -> None:
    async with (
        FakeApiServer([page()] * 6) as server,
        watching(server, ["system"], tmp_path),
    ):
        assert [each.path for each in server.lists if "secrets" in each.path] == ["/api/v1/namespaces/system/secrets"]


async def test_calls_get_through_however_many_there_are(tmp_path: Path) -> None:
    async with (
        FakeApiServer([page()] * (4 * len(MANY) + 3)) as server,
        watching(server, MANY, tmp_path) as container,
    ):
        await until(lambda: server.watching == 4 * len(MANY) + 3)
        asked = asyncio.create_task(container.cluster().credentials(KEY))
        await until(lambda: server.asked[-1].path.endswith("/credentials"))
        await asyncio.gather(asked, return_exceptions=True)


async def test_what_a_list_lacks_is_gone_from_its_own_namespace_alone() -> None:
    cluster = KubernetesCluster(
        Wire().api,
        NAMES,
        codec(),
        IdleCache(SECRETS_BUDGET),
        MemoryMetrics(),
        namespaces=("team-a", "team-b"),
    )
    there, elsewhere = (cluster._reflector(SECRET_VERSIONS, namespace) for namespace in ("team-a", "team-b"))
    there._take(json.dumps({"type": "ADDED", "object": an_object("credentials")}).encode())
    assert list(there._known()) == [("team-a", "credentials")]
    assert list(elsewhere._known()) == []


async def test_one_that_may_not_be_looked_into_keeps_no_other_waiting(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A tenant may delete the RoleBinding of its namespace."""
    answers = [page(), failure(403, retry_after="99"), *[page()] * 9]
    async with FakeApiServer(answers) as server, watching(server, ["team-a", "team-b"], tmp_path):
        assert [record.getMessage() for record in caplog.records if "watching" in record.getMessage()] == [
            "watching Secret in team-b: Forbidden: said so"
        ]


async def test_a_manager_that_may_not_look_into_the_cluster_is_not_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passing_at_once(monkeypatch)
    async with FakeApiServer([failure(403), *[page()] * 6]) as server, watching(server, [], tmp_path):
        paths = [asked.path for asked in server.lists]
        assert paths[:2] == ["/api/v1/secrets"] * 2


async def test_a_whole_kind_is_named_without_one() -> None:
    cluster = KubernetesCluster(Wire().api, NAMES, codec(), IdleCache(SECRETS_BUDGET), MemoryMetrics())
    assert cluster._reflector(REQUESTS, None).title == "CertificateRequest"
