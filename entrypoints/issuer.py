"""The names and the signers of this issuer. `make rename` changes the names; add a signer of your own here.

Other names follow from these: plurals, Lease, field manager, Event source, User-Agent, metrics, the demo CA. So do the
manifests of deploy/, by `make manifests`.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapters.signers.ca.signer import CA
from adapters.signers.demo.signer import Demo
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA
from domain.names import IssuerNames
from domain.ports import CAStore, Clock, Signer

NAMES = IssuerNames(
    controller="sample-external-issuer",
    group="sample-issuer.example.com",
    version="v1alpha1",
    issuer="SampleIssuer",
    cluster_issuer="SampleClusterIssuer",
    short_names=("siss", "sciss"),
    default_signer="Demo",
)


def signers(ca_store: CAStore, clients: ClientPool, clock: Clock) -> Mapping[str, Signer]:
    """The signers by the name that spec.signer of an issuer chooses them by; a signer of your own is one line more.

    `clients` are connections to CAs elsewhere. The container wraps every signer: it is asked while this process leads,
    within a deadline, for a CSR that may be signed, and what it returns is verified.
    """
    return {
        "Demo": Demo(ca_store, clock, f"{NAMES.controller} demo CA"),
        "CA": CA(clock),
        "StepCA": StepCA(clients, clock),
        "EST": EST(clients, clock),
    }


NAMESPACE = f"{NAMES.controller}-system"
"""Where deploy/ installs the manager."""
METRICS_PREFIX = NAMES.controller.replace("-", "_")
"""What the name of every metric begins with; deploy/prometheus asks for them by it."""
