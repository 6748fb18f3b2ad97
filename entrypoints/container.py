"""Dependency injection: which class gets which others.

Every signer is wrapped in LeaderOnlySigner, VerifyingSigner and DeadlineSigner. To add a signer, add a folder to
adapters/signers and a line to `signers`; spec.signer of an issuer chooses it by that name.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from importlib.metadata import version
from uuid import uuid4

from aiolimiter import AsyncLimiter
from dependency_injector import containers, providers

from adapters.clock import SystemClock
from adapters.idle_cache import IdleCache
from adapters.kubernetes.access_review import KubernetesAccessReview
from adapters.kubernetes.api import Api
from adapters.kubernetes.ca_store import KubernetesCAStore
from adapters.kubernetes.cluster import SECRETS_BUDGET, KubernetesCluster
from adapters.kubernetes.codec import Codec
from adapters.kubernetes.connect import connect
from adapters.kubernetes.lease import KubernetesLease
from adapters.kubernetes.recorder import KubernetesRecorder
from adapters.kubernetes.token_review import Reviews
from adapters.kubernetes.transport import CONNECTIONS
from adapters.memory.access_review import MemoryAccessReview
from adapters.memory.ca_store import MemoryCAStore
from adapters.memory.cluster import MemoryCluster
from adapters.memory.lease import MemoryLease
from adapters.memory.recorder import MemoryRecorder
from adapters.prometheus.exposition import Exposition
from adapters.prometheus.metrics import PrometheusMetrics
from adapters.prometheus.state_collector import StateCollector
from adapters.prometheus.usage_collector import UsageCollector
from adapters.signers.ca.signer import CA
from adapters.signers.deadlines import DeadlineSigner
from adapters.signers.demo.signer import Demo
from adapters.signers.est.signer import EST
from adapters.signers.http.networks import Networks
from adapters.signers.http.pool import ClientPool
from adapters.signers.leader_only import LeaderOnlySigner
from adapters.signers.step_ca.signer import StepCA
from adapters.signers.verify import VerifyingSigner
from domain.controller.controller import Controller
from domain.controller.leader_election import LeaderElectionState
from domain.controller.leader_elector import LeaderElection, LeaderElector, NoLeaderElection
from domain.controller.reconciler import Reconciler
from domain.model import Credentials, ObjectKey
from domain.ports import Clock, Signer
from domain.retry import RetryPolicy
from entrypoints.http.metrics import MetricsServer
from entrypoints.http.metrics_access import Guard
from entrypoints.http.probes import Acceptance
from entrypoints.manager import Manager
from entrypoints.settings import ISSUER_NAMES, METRICS_PATH, METRICS_PREFIX, NAMES, Settings


def _guarded(signers: Mapping[str, Signer], clock: Clock, is_leader: Callable[[], bool]) -> dict[str, Signer]:
    return {
        name: DeadlineSigner(VerifyingSigner(LeaderOnlySigner(signer, is_leader), clock))
        for name, signer in signers.items()
    }


def _election(settings: Settings, elector: Callable[[], LeaderElection]) -> LeaderElection:
    return elector() if settings.leader_elect else NoLeaderElection()


def _turns(settings: Settings) -> AbstractAsyncContextManager[None]:
    """The Lease's calls have no part in it: they are few, and late ones cost the lead."""
    qps, burst = settings.kube_api_qps, settings.kube_api_burst
    return AsyncLimiter(burst, burst / qps) if qps else nullcontext()


def _connections(settings: Settings) -> int:
    """Each namespace that is named has a watch of its own for three kinds, and a watch keeps its connection."""
    return CONNECTIONS + 3 * len(settings.namespaces)


def _guard(reviews: Reviews, clock: Clock) -> Guard:
    return Guard(partial(reviews.may_get, METRICS_PATH), clock)


class Container(containers.DeclarativeContainer):
    settings = providers.Dependency(instance_of=Settings)
    clock = providers.Singleton(SystemClock)

    kinds = providers.Object((NAMES.issuer, NAMES.cluster_issuer))
    metrics = providers.Singleton(
        PrometheusMetrics,
        METRICS_PREFIX,
        kinds,
        {"version": version(NAMES.controller), "python": platform.python_version()},
    )

    acceptance = providers.Singleton(Acceptance, clock)
    client = providers.Singleton(
        connect, providers.Singleton(_connections, settings), metrics, acceptance.provided.answered
    )
    turns = providers.Singleton(_turns, settings)
    api = providers.Singleton(Api, client, field_manager=NAMES.controller, turns=turns)
    codec = providers.Singleton(Codec, NAMES, settings.provided.cluster_resource_namespace)
    secret_cache = providers.Singleton(IdleCache[ObjectKey, Credentials], SECRETS_BUDGET)
    cluster = providers.Singleton(
        KubernetesCluster, api, NAMES, codec, secret_cache, metrics, settings.provided.namespaces
    )
    recorder = providers.Singleton(KubernetesRecorder, api, NAMES, clock, instance=platform.node())
    ca_store = providers.Singleton(
        KubernetesCAStore,
        api,
        namespace=settings.provided.cluster_resource_namespace,
        name=f"{NAMES.controller}-demo-ca",
    )

    access_review = providers.Singleton(KubernetesAccessReview, api, NAMES.group)

    times = settings.provided.lease_times
    lease_client = providers.Singleton(
        connect, metrics=metrics, answered=acceptance.provided.answered
    )  # a connection of its own
    lease_api = providers.Singleton(Api, lease_client, field_manager=NAMES.controller, deadline=times.call_deadline)
    lease = providers.Singleton(
        KubernetesLease, lease_api, namespace=settings.provided.leader_election_namespace, name=NAMES.controller
    )
    leadership = providers.Singleton(LeaderElectionState, f"{platform.node()}_{uuid4()}", times)
    elector = providers.Singleton(LeaderElector, lease, leadership, clock)
    leader_election = providers.Singleton(_election, settings, elector.provider)

    networks = providers.Singleton(
        Networks, settings.provided.ca_allowed_networks, settings.provided.ca_denied_networks
    )
    clients = providers.Singleton(ClientPool, clock, allow_http=settings.provided.allow_http, networks=networks)
    ca = providers.Singleton(CA, clock)
    step_ca = providers.Singleton(StepCA, clients, clock)
    est = providers.Singleton(EST, clients, clock)
    signers = providers.Singleton(
        _guarded,
        providers.Dict(Demo=providers.Singleton(Demo, ca_store, clock), CA=ca, StepCA=step_ca, EST=est),
        clock,
        leader_election.provided.is_leader,
    )
    caches = providers.Dict(
        CA=ca.provided.kept.size,
        StepCA=step_ca.provided.kept.size,
        EST=est.provided.kept.size,
        connections=clients.provided.kept.size,
        Secrets=secret_cache.provided.size,
    )

    policy = providers.Singleton(
        RetryPolicy,
        max_duration=settings.provided.max_retry_duration,
        check_interval=settings.provided.check_interval,
    )
    controller = providers.Singleton(
        Controller,
        clock,
        issuer_of=cluster.provided.issuer_of,
        at_once=settings.provided.max_concurrent_requests,
        per_issuer=settings.provided.max_concurrent_requests_per_issuer,
        metrics=metrics,
    )
    reconciler = providers.Singleton(
        Reconciler,
        cluster,
        recorder,
        signers,
        clock,
        policy,
        enqueue=controller.provided.enqueue,
        metrics=metrics,
        access_review=access_review,
        names=ISSUER_NAMES,
    )

    states = providers.Singleton(
        StateCollector,
        metrics,
        kinds,
        cluster,
        clock,
        depth=controller.provided.depth,
        is_leader=leader_election.provided.is_leader,
    )
    usage = providers.Singleton(UsageCollector, METRICS_PREFIX, controller.provided.queues, caches)
    exposition = providers.Singleton(Exposition, metrics, states, usage)
    reviews = providers.Singleton(Reviews, api)
    guard = providers.Singleton(_guard, reviews, clock)
    metrics_server = providers.Singleton(MetricsServer, settings, exposition.provided.text, guard.provider)

    manager = providers.Singleton(
        Manager, cluster, recorder, reconciler, controller, leader_election, settings, metrics_server, acceptance
    )


def in_memory(settings: Settings, cluster: MemoryCluster, recorder: MemoryRecorder) -> Container:
    """The same wiring on the adapters in memory, where every requester may reference every issuer."""
    container = Container(settings=settings)
    container.cluster.override(providers.Object(cluster))
    container.recorder.override(providers.Object(recorder))
    container.access_review.override(providers.Singleton(MemoryAccessReview, everybody_may=True))
    container.ca_store.override(providers.Singleton(MemoryCAStore))
    container.lease.override(providers.Singleton(MemoryLease))
    return container
