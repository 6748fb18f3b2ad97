"""Flags and environment variables of the manager.

Every value is checked before anything starts, and refused in one line that says what is accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from adapters.signers.http.networks import EVERYWHERE, Network
from domain.controller.leader_election import LeaseTimes
from entrypoints.flag_types import (
    Address,
    AddressType,
    DurationType,
    NamespaceListType,
    NamespaceType,
    NetworkListType,
    denied_by_default,
)
from entrypoints.issuer import NAMES, NAMESPACE
from entrypoints.logs import FORMS

METRICS_PATH = "/metrics"


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of the manager. An address None: nothing is served there. No `namespaces`: all of them.

    `metrics_cert_path` None: a certificate made at the start serves, which no client can verify. `leader_elect` needs a
    `leader_election_namespace`.
    """

    cluster_resource_namespace: str
    health_probe_bind_address: Address | None = None
    max_retry_duration: timedelta = timedelta(minutes=10)
    check_interval: timedelta = timedelta(minutes=5)
    max_concurrent_reconciles: int = 256
    max_concurrent_requests_per_issuer: int = 8
    kube_api_qps: float = 0.0
    kube_api_burst: int = 100
    allow_http: bool = False
    ca_allowed_networks: tuple[Network, ...] = EVERYWHERE
    ca_denied_networks: tuple[Network, ...] = ()
    log_level: str = "info"
    log_format: str = "console"
    metrics_bind_address: Address | None = None
    metrics_secure: bool = True
    metrics_cert_path: Path | None = None
    leader_elect: bool = False
    leader_election_namespace: str = ""
    leader_election_lease_duration: timedelta = LeaseTimes().duration
    leader_election_renew_deadline: timedelta = LeaseTimes().renew_deadline
    leader_election_retry_period: timedelta = LeaseTimes().retry_period
    namespaces: tuple[str, ...] = ()

    @property
    def lease_times(self) -> LeaseTimes:
        """Raises ValueError where the three do not fit together."""
        return LeaseTimes(
            self.leader_election_lease_duration,
            self.leader_election_renew_deadline,
            self.leader_election_retry_period,
        )


def _option(flag: str, **attributes: Any) -> tuple[str, dict[str, Any]]:
    return flag, {"show_default": True} | attributes


OPTIONS = [
    _option(
        "--cluster-resource-namespace",
        type=NamespaceType(),
        help=f"Where the Secrets of {NAMES.cluster_issuer}s are. Needed outside a pod.",
        show_default="the namespace that the pod runs in",
    ),
    _option(
        "--namespaces",
        type=NamespaceListType(),
        default=(),
        help=f"Works on {NAMES.issuer}s, CertificateRequests and Secrets of these namespaces only, as in "
        "team-a,team-b.",
        show_default="all namespaces",
    ),
    _option(
        "--health-probe-bind-address",
        type=AddressType(),
        default=":8081",
        help="Where /healthz and /readyz are served; 0 turns them off.",
    ),
    _option(
        "--max-retry-duration",
        type=DurationType(timedelta(0)),
        default="10m",
        help="How long a request is retried before it is Failed, counted from its approval or, if that is later, from "
        "when its issuer became Ready.",
    ),
    _option(
        "--check-interval",
        type=DurationType(timedelta(seconds=10)),
        default="5m",
        help="How often a Ready issuer is checked again, give or take a tenth. At least 10s.",
    ),
    _option(
        "--max-concurrent-reconciles",
        type=click.IntRange(1, 10_000),
        default=256,
        help="How many requests are worked on at the same time, and how many issuers are checked beside them. A "
        "namespace gets one more slot while it holds fewer than are free.",
    ),
    _option(
        "--max-concurrent-requests-per-issuer",
        type=click.IntRange(1, 1000),
        default=8,
        help="How many requests of one issuer are worked on at the same time.",
    ),
    _option(
        "--kube-api-qps",
        type=click.FloatRange(min=0),
        default=0,
        help="How many calls a second are made to the API server in the long run; 0 for no limit.",
    ),
    _option(
        "--kube-api-burst",
        type=click.IntRange(min=1),
        default=100,
        help="How many calls may be made at once before that limit holds.",
    ),
    _option(
        "--allow-http",
        is_flag=True,
        help="Lets spec.url of an issuer begin with http://, by which credentials travel in the clear.",
    ),
    _option(
        "--ca-allowed-networks",
        type=NetworkListType(),
        default=EVERYWHERE,
        help="Remote CAs may have addresses in these networks only, as in 10.0.0.0/8,2001:db8::/32.",
        show_default=",".join(map(str, EVERYWHERE)),
    ),
    _option(
        "--ca-denied-networks",
        type=NetworkListType(),
        default=denied_by_default,
        help="Remote CAs may not have addresses in these: networks, the names loopback, link-local and api-server, or "
        "none.",
        show_default="loopback,link-local,api-server in a pod, none elsewhere",
    ),
    _option(
        "--log-level",
        type=click.Choice(["debug", "info", "warning", "error"], case_sensitive=False),
        default="info",
        help="The least important lines that are logged.",
    ),
    _option(
        "--log-format",
        type=click.Choice(FORMS, case_sensitive=False),
        default="console",
        help="How log lines are written: for people, or as one JSON object a line.",
    ),
    _option(
        "--leader-elect",
        is_flag=True,
        help="Leader election: works only while it holds the Lease. deploy/ sets it.",
    ),
    _option(
        "--leader-election-namespace",
        type=NamespaceType(),
        help="Where the Lease is.",
        show_default="the pod's namespace, else --cluster-resource-namespace",
    ),
    _option(
        "--leader-election-lease-duration",
        type=DurationType(timedelta(seconds=2)),
        default="15s",
        help="Within this time after the death of a leader another one leads.",
    ),
    _option(
        "--leader-election-renew-deadline",
        type=DurationType(timedelta(seconds=1)),
        default="10s",
        help="A leader that could not renew the Lease for so long ends with exit status 1.",
    ),
    _option(
        "--leader-election-retry-period",
        type=DurationType(timedelta(milliseconds=100)),
        default="2s",
        help="How often a leader renews the Lease; the others look twice as often.",
    ),
    _option(
        "--metrics-bind-address",
        type=AddressType(),
        default="0",
        help="Where Prometheus finds the metrics; 0 turns them off. deploy/ has :8443.",
    ),
    _option(
        "--metrics-secure",
        type=click.BOOL,
        default=True,
        is_flag=False,
        flag_value=True,
        help="Serves the metrics by TLS, to clients that may get /metrics in the cluster. "
        "With =false: in the clear, to all.",
    ),
    _option(
        "--metrics-cert-path",
        type=click.Path(path_type=Path, exists=True, file_okay=False),
        help="A folder with the tls.crt and tls.key to serve the metrics with, read again when they change.",
        show_default="a certificate made at the start, which clients cannot verify",
    ),
]

_DEMO: dict[str, dict[str, Any]] = {
    "--cluster-resource-namespace": {"default": NAMESPACE, "show_default": True},
    "--max-retry-duration": {},
    "--allow-http": {},
}
"""The flags that change what a demo shows, and how they differ there."""


def variable(flag: str) -> str:
    """The environment variable of a flag."""
    return "ISSUER_" + flag.removeprefix("--").replace("-", "_").upper()


def options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command every flag of the manager."""
    for flag, attributes in reversed(OPTIONS):
        command = click.option(flag, envvar=variable(flag), show_envvar=True, **attributes)(command)
    return command


def demo_options(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the flags of a demo; without environment variables, so that it is the same everywhere."""
    for flag, attributes in reversed(OPTIONS):
        if flag in _DEMO:
            command = click.option(flag, **attributes | _DEMO[flag])(command)
    return command
