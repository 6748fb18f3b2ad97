"""The codec and the type of spec of this issuer's signers, for tests that read objects."""

from __future__ import annotations

from adapters.clock import SystemClock
from adapters.kubernetes.codec import Codec
from adapters.kubernetes.issuer_spec import SpecReader
from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.http.pool import ClientPool
from entrypoints.issuer import NAMES, signers

SIGNERS = signers(MemoryCAStore(), ClientPool(SystemClock()), SystemClock())


def codec(cluster_resource_namespace: str = "system") -> Codec:
    return Codec(NAMES, cluster_resource_namespace, SpecReader(SIGNERS, NAMES.default_signer))
