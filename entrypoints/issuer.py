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
    short_name="siss",
    cluster_short_name="sciss",
    default_signer="demo",
)


def signers(ca_store: CAStore, clients: ClientPool, clock: Clock) -> Mapping[str, Signer]:
    """The signers by the field of an issuer's spec that chooses them: `spec: {ca: {}}` chooses CA.

    A signer of your own is one line more. Each declares what its field holds, as its `spec_type`.

    `clients` are connections to CAs elsewhere. The container wraps every signer: it is asked while this process leads,
    within a deadline, for a CSR that may be signed, and what it returns is verified.
    """
    return {
        "demo": Demo(ca_store, clock, f"{NAMES.controller} demo CA"),
        "ca": CA(clock),
        "stepCA": StepCA(clients, clock),
        "est": EST(clients, clock),
    }


NAMESPACE = f"{NAMES.controller}-system"
"""Where deploy/ installs the manager."""
METRICS_PREFIX = NAMES.controller.replace("-", "_")
"""What the name of every metric begins with; deploy/prometheus asks for them by it."""
