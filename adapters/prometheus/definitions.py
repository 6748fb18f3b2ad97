"""Every metric of this project: name, type, labels and help text.

`make generate` writes the table of deploy/README.md from this one. Names begin with a prefix, which is not here.
Names: https://prometheus.io/docs/practices/naming/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

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
        ("issuer_kind", "outcome"),
        "Requests that got their answer, by kind of issuer and outcome.",
    )
    WAITING = Definition("waiting_requests", "gauge", ("issuer_kind",), "Approved requests without an answer.")
    OLDEST_WAITING = Definition(
        "oldest_waiting_request_age_seconds",
        "gauge",
        ("issuer_kind",),
        "Time since the approval of the oldest request without an answer; 0 if there is none.",
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
