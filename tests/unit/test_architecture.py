"""What neither import-linter nor mypy can hold.

Few things, each a promise of the README or of a docstring that nobody would notice being broken.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import replace
from inspect import isfunction
from pathlib import Path
from typing import Any

import pytest
from dependency_injector import providers
from lightkube import AsyncClient

from adapters.clock import SystemClock
from adapters.idle_cache import Caching, IdleCache
from adapters.kubernetes.access_review import KubernetesAccessReview
from adapters.kubernetes.ca_store import KubernetesCAStore
from adapters.kubernetes.cluster import KubernetesCluster
from adapters.kubernetes.lease import KubernetesLease
from adapters.kubernetes.recorder import KubernetesRecorder
from adapters.kubernetes.trust_bundles import KubernetesTrustBundles
from adapters.memory.access_review import MemoryAccessReview
from adapters.memory.ca_store import MemoryCAStore
from adapters.memory.cluster import MemoryCluster
from adapters.memory.lease import MemoryLease
from adapters.memory.metrics import MemoryMetrics
from adapters.memory.recorder import MemoryRecorder
from adapters.memory.trust_bundles import MemoryTrustBundles
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.signers.decorators import DeadlineSigner, LeaderOnlySigner
from adapters.signers.verify import VerifyingSigner
from domain import ports
from domain.controller.leader_elector import LeaderElector, NoLeaderElection
from domain.ports import (
    AccessReview,
    CAStore,
    Clock,
    Cluster,
    LeaderElection,
    Lease,
    Metrics,
    Recorder,
    Signer,
    TrustBundles,
)
from domain.reasons import IssuerReason, Reason, RequestReason
from entrypoints.container import Container, in_memory
from entrypoints.issuer import NAMES
from entrypoints.settings import Settings
from tests.support import readme
from tests.unit.adapters.kubernetes.wire import config
from tests.unit.adapters.prometheus.scraping import Scraped

ROOT = Path(__file__).parents[2]
FILES = sorted(file for folder in ("domain", "adapters", "entrypoints") for file in (ROOT / folder).rglob("*.py"))
SETTINGS = Settings(cluster_resource_namespace="system", leader_elect=True, leader_election_namespace="system")
code = pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(ROOT)) for file in FILES])


def everywhere() -> Container:
    container = Container(settings=SETTINGS)
    for client in (container.client, container.lease_client):
        client.override(providers.Singleton(AsyncClient, config=config()))
    return container


def nowhere() -> Container:
    return in_memory(SETTINGS, MemoryCluster(), MemoryRecorder(SystemClock()))


WIRED: dict[str, dict[type, type]] = {
    "kubernetes": {
        Cluster: KubernetesCluster,
        Recorder: KubernetesRecorder,
        AccessReview: KubernetesAccessReview,
        CAStore: KubernetesCAStore,
        Lease: KubernetesLease,
        TrustBundles: KubernetesTrustBundles,
        Metrics: PrometheusMetrics,
    },
    "memory": {
        Cluster: MemoryCluster,
        Recorder: MemoryRecorder,
        AccessReview: MemoryAccessReview,
        CAStore: MemoryCAStore,
        Lease: MemoryLease,
        TrustBundles: MemoryTrustBundles,
        Metrics: PrometheusMetrics,
    },
}


@pytest.mark.parametrize("wiring", WIRED)
def test_everything_that_is_wired_can_be_had(wiring: str) -> None:
    container = nowhere() if wiring == "memory" else everywhere()
    left_out = {"ca_connections", "api_connections"}  # resources, which are nothing themselves
    left_out |= {"client", "api", "lease_client", "lease_api", "reviews", "guard"} if wiring == "memory" else set()
    found = {name: provider() for name, provider in container.providers.items() if name not in left_out}
    assert all(each is not None for each in found.values())
    for port, adapter in WIRED[wiring].items():
        assert [type(each) for each in found.values() if port in type(each).__mro__] == [adapter]
    assert found["manager"] is container.manager(), "there is one of each"


def inner(signer: Signer) -> Signer:
    """What a Signer around a Signer is around."""
    found: Signer = vars(signer)["_inner"]
    return found


@pytest.mark.parametrize("container", [everywhere, nowhere])
def test_every_signer_has_deadlines_is_verified_and_asked_only_while_leading(container: Any) -> None:
    signers = container().signers()
    assert signers
    assert {type(signer) for signer in signers.values()} == {DeadlineSigner}
    assert {type(inner(signer)) for signer in signers.values()} == {VerifyingSigner}
    assert {type(inner(inner(signer))) for signer in signers.values()} == {LeaderOnlySigner}


def test_the_lease_has_a_client_of_its_own_with_short_deadlines() -> None:
    container = everywhere()
    assert container.lease_client() is not container.client()
    lease, cluster = vars(container.lease()), vars(container.cluster())
    assert lease["_api"] is not cluster["_api"]
    assert vars(lease["_api"])["_deadline"] * 3 <= SETTINGS.leader_election_renew_deadline.total_seconds()


@pytest.mark.parametrize(("wanted", "election"), [(True, LeaderElector), (False, NoLeaderElection)])
def test_an_election_is_held_only_where_it_is_wanted(wanted: bool, election: type) -> None:
    container = Container(settings=replace(SETTINGS, leader_elect=wanted))
    container.lease.override(providers.Singleton(MemoryLease))
    assert type(container.leader_election()) is election


async def test_the_metrics_show_of_each_cache_its_own_bytes() -> None:
    container = nowhere()
    signers = container.bare_signers()
    caches: dict[str, IdleCache[Any, Any]] = {
        **{name: signer.kept for name, signer in signers.items() if isinstance(signer, Caching)},
        "connections": container.clients().kept,
        "Secrets": container.secret_cache(),
    }
    for number, cache in enumerate(caches.values(), start=1):
        cache.put("it", None, number)
    found = Scraped(container.page()("")[0])
    assert [found.get("cache_bytes", cache=name) for name in caches] == list(range(1, 1 + len(caches)))


ADAPTERS: list[tuple[type, type]] = [
    *((port, adapter) for wired in WIRED.values() for port, adapter in wired.items()),
    (Signer, DeadlineSigner),
    (Signer, VerifyingSigner),
    (Signer, LeaderOnlySigner),
    *((Signer, type(inner(inner(inner(signer))))) for signer in nowhere().signers().values()),
    (Clock, SystemClock),
    (LeaderElection, LeaderElector),
    (LeaderElection, NoLeaderElection),
    (Metrics, MemoryMetrics),
]


@pytest.mark.parametrize(("port", "adapter"), ADAPTERS)
def test_an_adapter_is_a_subclass_of_its_port_by_name(port: type, adapter: type) -> None:
    assert port in adapter.__mro__


@pytest.mark.parametrize("port", dict.fromkeys(port for port, _ in ADAPTERS), ids=lambda port: port.__name__)
def test_an_adapter_that_lacks_a_method_cannot_be_made(port: type) -> None:
    methods = [name for name, member in vars(port).items() if isfunction(member) and not name.startswith("_")]
    assert port.__abstractmethods__ == set(methods)  # type: ignore[attr-defined]
    for lacking in methods:
        others = {name: lambda *_: None for name in methods if name != lacking}
        with pytest.raises(TypeError, match=f"abstract method '?{lacking}'?"):
            type("Incomplete", (port,), others)()


PORTS = {name for name, member in vars(ports).items() if getattr(member, "_is_protocol", False)} - {"Protocol"}


def test_every_port_has_its_adapters_here() -> None:
    assert {port.__name__ for port, _ in ADAPTERS} == PORTS


def test_every_port_has_a_contract_suite_named_after_it() -> None:
    suites = {
        node.name
        for file in (ROOT / "tests" / "contracts").glob("*_contract.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
    }
    assert {f"{port}Contract" for port in PORTS} <= suites


@code
def test_a_file_opens_with_a_docstring(file: Path) -> None:
    text = file.read_text()
    documented = ast.get_docstring(ast.parse(text)) or (file.name == "__init__.py" and not text)
    assert documented, f"begin {file.relative_to(ROOT)} with a docstring: one sentence on what it does"


@code
def test_a_file_is_short(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300, f"split {file.relative_to(ROOT)}: a file has 300 lines at most"
    general = ("utils.py", "util.py", "helpers.py", "common.py", "misc.py")
    assert file.name not in general, f"name {file.relative_to(ROOT)} after what is in it"


@code
def test_nobody_is_injected_behind_his_back(file: Path) -> None:
    assert not re.search(r"@inject\b|\bProvide\[|\.wire\(", file.read_text())


OURS = [NAMES.controller, NAMES.group, NAMES.issuer, NAMES.issuers, NAMES.cluster_issuer, NAMES.cluster_issuers]


def _spoken(file: Path) -> Iterator[str]:
    """The words of a file but for its docstrings and comments."""
    alone = (node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Expr))
    told = (node for node in alone if isinstance(node, ast.Constant))
    lines = {line for text in told for line in range(text.lineno, (text.end_lineno or 0) + 1)}
    for token in tokenize.generate_tokens(io.StringIO(file.read_text()).readline):
        if token.type != tokenize.COMMENT and token.start[0] not in lines:
            yield token.string


@code
def test_what_this_issuer_is_called_is_said_in_issuer_py_alone(file: Path) -> None:
    said = [word for word in _spoken(file) if any(name in word for name in OURS)]
    assert bool(said) is (file == ROOT / "entrypoints" / "issuer.py"), (
        f"take {said} from NAMES in entrypoints/issuer.py"
    )


NEWS: list[Reason] = [each.value for table in (IssuerReason, RequestReason) for each in table]


@pytest.mark.parametrize("news", NEWS, ids=lambda news: f"{news.reason}: {news.message}")
def test_the_readme_explains_every_reason(news: Reason) -> None:
    rows = readme.rows(readme.section("deploy/README.md", "## What the conditions say, and what to do"))
    assert any(
        row.startswith(f"| `{news.reason}` |") and row.endswith(f"| `{news.message}` | {news.means} | {news.remedy} |")
        for row in rows
    ), f"deploy/README.md has no row for {news.reason}: {news.message}"
