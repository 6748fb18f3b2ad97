"""Dependency injection: which class gets which others.

mypy checks every line: `singleton` has the signature of what it builds, and `of` has the type of what a provider gives.
"""

from __future__ import annotations

import platform
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import ParamSpec, Protocol, TypeVar, cast
from uuid import uuid4

from aiolimiter import AsyncLimiter
from dependency_injector import containers, providers

from adapters.clock import SystemClock
from adapters.idle_cache import Caching, IdleCache
from adapters.kubernetes.access_review import KubernetesAccessReview
from adapters.kubernetes.api import Api
from adapters.kubernetes.ca_store import KubernetesCAStore
from adapters.kubernetes.client import load_client
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.kubernetes.codec import Codec
from adapters.kubernetes.issuer_spec import SpecReader
from adapters.kubernetes.lease import KubernetesLease
from adapters.kubernetes.recorder import KubernetesRecorder
from adapters.kubernetes.token_review import Reviews
from adapters.kubernetes.transport import CONNECTIONS
from adapters.kubernetes.trust_bundles import KubernetesTrustBundles
from adapters.memory.access_review import MemoryAccessReview
from adapters.memory.ca_store import MemoryCAStore
from adapters.memory.cluster import MemoryCluster
from adapters.memory.lease import MemoryLease
from adapters.memory.recorder import MemoryRecorder
from adapters.memory.trust_bundles import MemoryTrustBundles
from adapters.prometheus.controller_collector import ControllerCollector
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.prometheus.state_collector import StateCollector
from adapters.prometheus.usage_collector import UsageCollector
from adapters.signers.decorators import DeadlineSigner, LeaderOnlySigner
from adapters.signers.http.networks import Networks
from adapters.signers.http.pool import ClientPool
from adapters.signers.pki import trust_bundle
from adapters.signers.verify import VerifyingSigner
from domain.controller.controller import Controller
from domain.controller.leader_election import LeaderElectionState
from domain.controller.leader_elector import LeaderElector, NoLeaderElection
from domain.controller.reconciler import Reconciler
from domain.model import Credentials, ObjectKey
from domain.ports import Clock, LeaderElection, Signer
from domain.retry import RetryPolicy
from entrypoints import issuer
from entrypoints.http.metrics import Guard, MetricsServer, Page
from entrypoints.http.probes import Acceptance
from entrypoints.issuer import METRICS_PREFIX, NAMES
from entrypoints.manager import Manager
from entrypoints.settings import METRICS_PATH, Settings

_Value = TypeVar("_Value")
_Arguments = ParamSpec("_Arguments")


def singleton(
    build: Callable[_Arguments, _Value], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> providers.Singleton[_Value]:
    """A provider of the one value that `build` makes; its arguments are values, or providers as `of` passes them."""
    return providers.Singleton(build, *args, **kwargs)


def of(provider: providers.Provider[_Value]) -> _Value:
    """What the provider gives, as an argument of another provider: `of(settings).allow_http` is an attribute of it."""
    return cast(_Value, provider.provided)


class _Closable(Protocol):
    async def close(self) -> None: ...


async def _closing(*clients: _Closable) -> AsyncIterator[None]:
    """A resource that is nothing itself; `shutdown_resources` of the container closes the clients."""
    yield
    for client in clients:
        await client.close()


def _version() -> str:
    """Of the installed package; unknown in a checkout that was renamed and not installed again."""
    try:
        return version(NAMES.controller)
    except PackageNotFoundError:
        return "unknown"


def _user_agent() -> str:
    """As client-go's programs have it: the API server's audit log and a CA's log show who asks."""
    return f"{NAMES.controller}/{_version()}"


def _labels() -> dict[str, str]:
    return {"version": _version(), "python": platform.python_version()}


def _wrapped(signers: Mapping[str, Signer], clock: Clock, is_leader: Callable[[], bool]) -> Mapping[str, Signer]:
    return {
        name: DeadlineSigner(VerifyingSigner(LeaderOnlySigner(signer, is_leader), clock))
        for name, signer in signers.items()
    }


def _caches(
    signers: Mapping[str, Signer], clients: ClientPool, secrets: IdleCache[ObjectKey, Credentials]
) -> Mapping[str, Callable[[], int]]:
    """How many bytes are kept in memory, by what keeps them."""
    caching = {name: signer.kept.size for name, signer in signers.items() if isinstance(signer, Caching)}
    return {**caching, "connections": clients.kept.size, "Secrets": secrets.size}


def _metrics_page(
    metrics: PrometheusMetrics, states: StateCollector, usage: UsageCollector, controllers: ControllerCollector
) -> Page:
    """What is counted, and what the collectors find when Prometheus asks."""
    for collector in (states, usage, controllers):
        metrics.registry.register(collector)
    return metrics.page


def _election_mode(settings: Settings) -> str:
    return "lease" if settings.leader_elect else "none"


def _lease_name(settings: Settings) -> str | None:
    return NAMES.controller if settings.leader_elect else None


def _rate_limiter(settings: Settings) -> AbstractAsyncContextManager[None]:
    """The Lease's calls have no part in it: they are few, and late ones cost the lead."""
    qps, burst = settings.kube_api_qps, settings.kube_api_burst
    return AsyncLimiter(burst, burst / qps) if qps else nullcontext()


def _connections(settings: Settings) -> int:
    """Each namespace that is named has a watch of its own for four kinds, and a watch keeps its connection."""
    return CONNECTIONS + 4 * len(settings.namespaces)


def _guard(reviews: Reviews, clock: Clock) -> Guard:
    return Guard(partial(reviews.may_get, METRICS_PATH), clock)


class Container(containers.DeclarativeContainer):
    settings = providers.Dependency(instance_of=Settings)
    clock = singleton(SystemClock)
    metrics = singleton(PrometheusMetrics, METRICS_PREFIX, NAMES.kinds, of(singleton(_labels)))

    acceptance = singleton(Acceptance, of(clock))
    user_agent = singleton(_user_agent)
    client = singleton(
        load_client,
        of(metrics),
        of(singleton(_connections, of(settings))),
        of(acceptance).answered,
        of(user_agent),
    )
    api = singleton(Api, of(client), NAMES.controller, rate_limiter=of(singleton(_rate_limiter, of(settings))))

    ca_store = singleton(
        KubernetesCAStore,
        of(api),
        namespace=of(settings).cluster_resource_namespace,
        name=f"{NAMES.controller}-demo-ca",
    )
    networks = singleton(Networks, of(settings).ca_allowed_networks, of(settings).ca_denied_networks)
    clients = singleton(
        ClientPool,
        of(clock),
        allow_http=of(settings).allow_http,
        networks=of(networks),
        user_agent=of(user_agent),
    )
    bare_signers = singleton(issuer.signers, of(ca_store), of(clients), of(clock))
    specs = singleton(SpecReader, of(bare_signers), NAMES.default_signer)

    codec = singleton(Codec, NAMES, of(settings).cluster_resource_namespace, of(specs))
    secret_cache = singleton(IdleCache[ObjectKey, Credentials], SECRETS_BUDGET)
    cluster = singleton(
        KubernetesCluster, of(api), NAMES, of(codec), of(secret_cache), of(metrics), of(settings).namespaces
    )
    recorder = singleton(KubernetesRecorder, of(api), NAMES, of(clock), instance=platform.node())
    access_review = singleton(KubernetesAccessReview, of(api), NAMES.group)
    trust_bundles = singleton(KubernetesTrustBundles, of(api), NAMES, trust_bundle.merge)

    lease_client = singleton(load_client, of(metrics), answered=of(acceptance).answered, user_agent=of(user_agent))
    lease_api = singleton(Api, of(lease_client), NAMES.controller, deadline=of(settings).lease_times.call_deadline)
    lease = singleton(
        KubernetesLease, of(lease_api), namespace=of(settings).leader_election_namespace, name=NAMES.controller
    )
    leadership = singleton(LeaderElectionState, f"{platform.node()}_{uuid4()}", of(settings).lease_times)
    leader_election: providers.Provider[LeaderElection] = providers.Selector(
        singleton(_election_mode, of(settings)),
        lease=singleton(LeaderElector, of(lease), of(leadership), of(clock)),
        none=singleton(NoLeaderElection),
    )

    signers = singleton(_wrapped, of(bare_signers), of(clock), of(leader_election).is_leader)

    policy = singleton(
        RetryPolicy, max_duration=of(settings).max_retry_duration, check_interval=of(settings).check_interval
    )
    controller = singleton(
        Controller,
        of(clock),
        issuer_of=of(cluster).issuer_of,
        max_concurrent=of(settings).max_concurrent_reconciles,
        per_issuer=of(settings).max_concurrent_requests_per_issuer,
        metrics=of(metrics),
    )
    reconciler = singleton(
        Reconciler,
        of(cluster),
        of(recorder),
        of(signers),
        of(clock),
        of(policy),
        enqueue=of(controller).enqueue,
        metrics=of(metrics),
        access_review=of(access_review),
        trust_bundles=of(trust_bundles),
        names=NAMES,
    )

    states = singleton(
        StateCollector,
        of(metrics),
        NAMES.kinds,
        of(cluster),
        of(clock),
        depth=of(controller).depth,
        is_leader=of(leader_election).is_leader,
        lease=of(singleton(_lease_name, of(settings))),
    )
    caches = singleton(_caches, of(bare_signers), of(clients), of(secret_cache))
    usage = singleton(UsageCollector, METRICS_PREFIX, of(controller).queues, of(caches))
    controllers = singleton(ControllerCollector, of(controller).queues, of(clock))
    page = singleton(_metrics_page, of(metrics), of(states), of(usage), of(controllers))
    reviews = singleton(Reviews, of(api))
    guard = singleton(_guard, of(reviews), of(clock))
    metrics_server = singleton(MetricsServer, of(settings), of(page), guard.provider)

    manager = singleton(
        Manager,
        of(cluster),
        of(recorder),
        of(reconciler),
        of(controller),
        of(leader_election),
        of(settings),
        of(metrics_server),
        of(acceptance),
    )
    ca_connections = providers.Resource(_closing, clients)
    api_connections = providers.Resource(_closing, api, lease_api)


@asynccontextmanager
async def opened(container: Container) -> AsyncIterator[Manager]:
    """The manager. When the context ends, the connections to CAs and to the API server are closed."""
    await cast(Awaitable[None], container.init_resources())
    try:
        yield container.manager()
    finally:
        await cast(Awaitable[None], container.shutdown_resources())


def in_memory(settings: Settings, cluster: MemoryCluster, recorder: MemoryRecorder) -> Container:
    """The same wiring on the adapters in memory, where every requester may reference every issuer."""
    container = Container(settings=settings)
    container.cluster.override(providers.Object(cluster))
    container.recorder.override(providers.Object(recorder))
    container.access_review.override(providers.Singleton(MemoryAccessReview, everybody_may=True))
    container.trust_bundles.override(providers.Singleton(MemoryTrustBundles, NAMES, trust_bundle.merge))
    container.ca_store.override(providers.Singleton(MemoryCAStore))
    container.lease.override(providers.Singleton(MemoryLease))
    container.api_connections.override(providers.Object(None))
    return container
