"""What the manager is allowed at the API server: one row for each kind of call that an adapter makes.

`make manifests` writes the roles of deploy/ from this table; tests/e2e/privilege compares them with an audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from domain.names import IssuerNames


@dataclass(frozen=True, slots=True)
class Right:
    """One rule of RBAC. `names` are the objects that it is limited to, none for all. `why` says who needs it."""

    group: str
    resources: Sequence[str]
    verbs: Sequence[str]
    why: str
    names: Sequence[str] = ()


_READ = ("get", "list", "watch")
SECRETS, EVENTS = "secrets", "events"
_WITHOUT_NAMESPACE = frozenset(
    {"certificatesigningrequests", "signers", "subjectaccessreviews", "tokenreviews"}
)  # and the cluster issuers


def controller(names: IssuerNames) -> list[Right]:
    """For issuers and requests of all namespaces."""
    issuers = (names.issuers, names.cluster_issuers)
    signers = [names.every_signer_name(kind) for kind in names.kinds]
    return [
        Right(names.group, issuers, _READ, "Issuers (cluster.py)."),
        Right(names.group, _status(issuers), ["patch"], "The status of issuers (cluster.py)."),
        Right("cert-manager.io", ["certificaterequests"], _READ, "Requests of cert-manager (cluster.py)."),
        Right("cert-manager.io", ["certificaterequests/status"], ["patch"], "Their status (cluster.py)."),
        Right("certificates.k8s.io", ["certificatesigningrequests"], _READ, "Requests of Kubernetes (cluster.py)."),
        Right("certificates.k8s.io", ["certificatesigningrequests/status"], ["patch"], "Their status (cluster.py)."),
        Right("certificates.k8s.io", ["podcertificaterequests"], _READ, "Requests for pods (cluster.py)."),
        Right("certificates.k8s.io", ["podcertificaterequests/status"], ["patch"], "Their status (cluster.py)."),
        Right(
            "certificates.k8s.io",
            ["signers"],
            ["sign"],
            "The API server asks for this on every status write of the requests of Kubernetes and for pods.",
            signers,
        ),
        Right(
            "authorization.k8s.io",
            ["subjectaccessreviews"],
            ["create"],
            "May the requester of a CertificateSigningRequest reference that issuer of a namespace? May a reader of the"
            " metrics get them? (access_review.py)",
        ),
        Right(
            "",
            [SECRETS],
            _READ,
            "Credentials of issuers. Secrets are read by name; list and watch tell of changes, and only names and"
            " versions of what they bring are kept (credentials.py).",
        ),
        Right("events.k8s.io", [EVENTS], ["create", "patch"], "Events about issuers and requests (recorder.py)."),
    ]


def leader_election(names: IssuerNames) -> list[Right]:
    """In the manager's own namespace."""
    leases = ("coordination.k8s.io", ["leases"])
    return [
        Right(*leases, ["create"], "RBAC cannot limit creation to one name (lease.py)."),
        Right(*leases, ["get", "update"], "The Lease that says which replica works (lease.py).", [names.controller]),
    ]


def demo_ca() -> list[Right]:
    """In the manager's own namespace."""
    return [Right("", [SECRETS], ["create"], "RBAC cannot limit creation to one name (ca_store.py).")]


def trust_bundles(names: IssuerNames) -> list[Right]:
    """For cluster issuers with spec.trustBundle."""
    return [
        Right(
            "certificates.k8s.io",
            ["clustertrustbundles"],
            ["get", "create", "update", "delete"],
            "Bundles with the roots of issuers (trust_bundles.py). RBAC cannot limit this to some names.",
        ),
        Right(
            "certificates.k8s.io",
            ["signers"],
            ["attest"],
            "The API server asks for this when a bundle of a signer is created or changed.",
            [names.every_signer_name(names.cluster_issuer)],
        ),
    ]


def metrics_auth() -> list[Right]:
    return [
        Right("authentication.k8s.io", ["tokenreviews"], ["create"], "Whose token is it? (token_review.py)"),
    ]


def without_namespace(names: IssuerNames) -> list[Right]:
    """The part of `controller` that no Role can give, because these resources are in no namespace."""
    return _limited(controller(names), _WITHOUT_NAMESPACE | {names.cluster_issuers})


def in_a_namespace(names: IssuerNames) -> list[Right]:
    """The part of `controller` that a Role gives for one namespace."""
    return _limited(
        controller(names), {names.issuers, "certificaterequests", "podcertificaterequests", SECRETS, EVENTS}
    )


def only(resource: str, names: IssuerNames) -> list[Right]:
    """The part of `controller` about one resource."""
    return _limited(controller(names), {resource})


def _limited(rights: Iterable[Right], resources: Iterable[str]) -> list[Right]:
    kept = frozenset(resources)
    found = (
        replace(each, resources=[name for name in each.resources if name.split("/")[0] in kept]) for each in rights
    )
    return [each for each in found if each.resources]


def _status(resources: Iterable[str]) -> list[str]:
    return [f"{resource}/status" for resource in resources]
