"""Every metric of this project: name, type, labels and help text.

`make generate` writes the tables of deploy/README.md from these. Names in `Defined` begin with a prefix, which is not
here; those in `Common` are whole.
Names: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

_KINDS = ("request_kind", "issuer_kind")
_ISSUER = ("issuer_kind", "issuer_namespace", "issuer_name")


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. `type` is Prometheus'; `help` is one sentence."""

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


class Defined(Enum):
    REQUESTS = Definition(
        "requests_total",
        "counter",
        (*_KINDS, "outcome"),
        "Requests that got their answer, by their kind, that of their issuer, and outcome.",
    )
    WAITING = Definition("waiting_requests", "gauge", _KINDS, "Approved requests without an answer.")
    OLDEST_WAITING = Definition(
        "oldest_waiting_request_age_seconds",
        "gauge",
        _KINDS,
        "Time since the approval (of pods' requests: the creation) of the oldest request without an answer; 0 if none.",
    )
    SIGNING = Definition("signing_duration_seconds", "histogram", ("signer", "outcome"), "How long signers took.")
    CHECKS = Definition(
        "check_duration_seconds", "histogram", ("signer", "outcome"), "How long checks of issuers took."
    )
    RETRIES = Definition("retries_total", "counter", ("kind",), "Failures after which the work is retried, by kind.")
    ISSUER_READY = Definition("issuer_ready", "gauge", _ISSUER, "1 if the issuer is Ready, else 0.")
    ISSUER_CHECKED = Definition(
        "issuer_last_check_timestamp_seconds", "gauge", _ISSUER, "When the issuer's CA was last checked."
    )
    CA_EXPIRATION = Definition(
        "ca_certificate_expiration_timestamp_seconds", "gauge", _ISSUER, "When the issuer's CA expires, as last seen."
    )
    QUEUE_DEPTH = Definition("queue_depth", "gauge", (), "Objects that are due and wait for a worker.")
    QUEUE_LATENCY = Definition(
        "queue_latency_seconds", "histogram", (), "How long objects that were due waited for a worker."
    )
    SLOTS = Definition("slots", "gauge", ("work",), "How many objects may be worked on at the same time.")
    TENANT_SLOTS = Definition(
        "tenant_slots", "gauge", ("work", "tenant"), "How many objects of a tenant are worked on."
    )
    TENANT_WAITING = Definition(
        "tenant_waiting_objects", "gauge", ("work", "tenant"), "How many objects of a tenant wait for a slot."
    )
    CACHE = Definition("cache_bytes", "gauge", ("cache",), "About how many bytes a cache holds.")
    API_REQUESTS = Definition(
        "api_requests_total",
        "counter",
        ("verb", "resource", "code"),
        "Calls to the API server; code is none if no answer came.",
    )
    WATCH_RESTARTS = Definition(
        "watch_restarts_total", "counter", ("kind", "cause"), "Watches that were started again, by cause."
    )
    LEADER = Definition("leader", "gauge", (), "1 if this process is the leader, else 0.")
    BUILD = Definition("build_info", "gauge", ("version", "python"), "The running version; always 1.")

    def full_name(self, prefix: str) -> str:
        return f"{prefix}_{self.value.name}"


_CONTROLLER, _QUEUE = ("controller",), ("name", "controller")


class Common(Enum):
    """Metrics that programs with controller-runtime and client-go have too: dashboards know these names and labels.

    Sources: pkg/internal/controller/metrics, pkg/internal/metrics and pkg/metrics of
    https://github.com/kubernetes-sigs/controller-runtime/tree/v0.24.1
    """

    RECONCILES = Definition(
        "controller_runtime_reconcile_total",
        "counter",
        ("controller", "result"),
        "Reconciles that ended, by what came of them.",
    )
    RECONCILE_ERRORS = Definition(
        "controller_runtime_reconcile_errors_total", "counter", _CONTROLLER, "Reconciles that failed and are retried."
    )
    RECONCILE_TIME = Definition(
        "controller_runtime_reconcile_time_seconds",
        "histogram",
        _CONTROLLER,
        "How long reconciles took, with what signers and the API server took of it.",
    )
    MAX_CONCURRENT = Definition(
        "controller_runtime_max_concurrent_reconciles",
        "gauge",
        _CONTROLLER,
        "How many objects may be worked on at the same time.",
    )
    ACTIVE_WORKERS = Definition(
        "controller_runtime_active_workers", "gauge", _CONTROLLER, "How many objects are worked on."
    )
    DEPTH = Definition("workqueue_depth", "gauge", _QUEUE, "Objects that are due and wait for a worker.")
    ADDS = Definition("workqueue_adds_total", "counter", _QUEUE, "How often an object became due.")
    QUEUE_DURATION = Definition(
        "workqueue_queue_duration_seconds", "histogram", _QUEUE, "How long objects that were due waited for a worker."
    )
    WORK_DURATION = Definition("workqueue_work_duration_seconds", "histogram", _QUEUE, "How long the work took.")
    QUEUE_RETRIES = Definition(
        "workqueue_retries_total",
        "counter",
        _QUEUE,
        "How often an object was scheduled for a later time: for retries, polls and planned checks.",
    )
    UNFINISHED = Definition(
        "workqueue_unfinished_work_seconds",
        "gauge",
        _QUEUE,
        "How long all running reconciles have taken so far, added up.",
    )
    LONGEST_RUNNING = Definition(
        "workqueue_longest_running_processor_seconds",
        "gauge",
        _QUEUE,
        "How long the longest running reconcile has taken so far.",
    )
    REST_CLIENT = Definition(
        "rest_client_requests_total",
        "counter",
        ("code", "method", "host"),
        "Calls to the API server, by HTTP status and method.",
    )
    LEADER_STATUS = Definition(
        "leader_election_master_status",
        "gauge",
        ("name",),
        "1 if this process holds the Lease of this name, else 0; not there without --leader-elect.",
    )

    def full_name(self, prefix: str) -> str:
        return self.value.name
