"""The values of the domain: issuers, requests, credentials, what a signer is asked and what it answers.

All are frozen dataclasses without behaviour of their own. Times are aware datetimes in UTC, durations are timedeltas,
PEM is bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import TypeVar

from domain.pods import AssignedNames, Pod, PodPolicy

_Options = TypeVar("_Options")

CERTIFICATE_REQUEST = "CertificateRequest"
CERTIFICATE_SIGNING_REQUEST = "CertificateSigningRequest"
POD_CERTIFICATE_REQUEST = "PodCertificateRequest"
REQUEST_KINDS = (CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST, POD_CERTIFICATE_REQUEST)
UNKNOWN_KIND = "Unknown"
"""The kind of an issuer that cannot exist, in place of what the request wrote: metrics have the kind as a label."""


@dataclass(frozen=True, slots=True, order=True)
class ObjectKey:
    """Names one object of the cluster; `namespace` is empty for cluster-scoped kinds."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        path = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.kind} {path if path.isprintable() else repr(path)}"  # a CSR's name may hold a newline


@dataclass(frozen=True, slots=True)
class Requester:
    """Who created a Kubernetes CSR, as the API server noted it in its spec."""

    username: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NO_REQUESTER = Requester()


@dataclass(frozen=True, slots=True)
class Condition:
    """One entry of status.conditions (metav1.Condition); `observed_generation` is None where the kind has none."""

    type: str
    status: str
    reason: str
    message: str
    since: datetime
    observed_generation: int | None = None


@dataclass(frozen=True, slots=True)
class IssuerSpec:
    """What an issuer asks for. `secret` is resolved already: no field of an issuer can name another namespace.

    `signer` is the name of the signer that the spec chooses, and `options` are what spec.<signer> holds, in the type
    that the signer declares. The flags that are None leave it to the signer. `pods` says which pods get certificates,
    None for no pod; `trust_bundle` whether the CA's roots are published as a ClusterTrustBundle. `problem` holds what
    makes the spec unreadable for us (field and remedy).
    """

    url: str
    secret: ObjectKey
    signer: str
    options: object = None
    allow_annotations: bool | None = None
    ca_decides_subject_and_usages: bool | None = None
    ca_adds_common_name_as_dns_name: bool = False
    pods: PodPolicy | None = None
    trust_bundle: bool = False
    problem: str = ""

    def options_as(self, spec_type: type[_Options]) -> _Options:
        """The options of a signer whose spec_type this is."""
        if not isinstance(self.options, spec_type):
            raise TypeError(f"spec.{self.signer} is a {type(self.options).__name__}, not a {spec_type.__name__}")
        return self.options


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer as the watch last saw it. A change of its annotations causes a check.

    `ready`, `stalled`, `shown_signer` and `bundle`, the condition TrustBundle, are what its status has.
    """

    key: ObjectKey
    uid: str
    resource_version: str
    generation: int
    spec: IssuerSpec
    ready: Condition | None = None
    stalled: Condition | None = None
    shown_signer: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    bundle: Condition | None = None

    @property
    def is_current(self) -> bool:
        """Whether the Ready condition speaks about the spec as it is now."""
        return self.ready is not None and self.ready.observed_generation == self.generation

    @property
    def is_ready(self) -> bool:
        return self.is_current and self.ready is not None and self.ready.status == "True"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The data of an issuer's Secret. Its repr shows keys only, so that no log or traceback can hold a credential.

    `version` changes whenever the data may have changed: it is what caches are keyed by.
    """

    data: Mapping[str, bytes] = field(repr=False)
    version: str = ""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """That a Secret exists, and which version of it: all that is kept of the Secrets of a cluster."""

    key: ObjectKey
    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """That the CA has taken a request and will answer later; kept in the request's status until it has.

    `handle` is what the signer's Pending wants to be given back, `since` when the CA took the request, `due` when it
    wants to be asked.
    """

    handle: str | None
    since: datetime
    due: datetime


class Approval(Enum):
    """What the approver said: https://cert-manager.io/docs/usage/certificaterequest/#approval."""

    UNDECIDED = "undecided"
    APPROVED = "approved"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Request:
    """A CertificateRequest, CertificateSigningRequest or PodCertificateRequest as the watch last saw it.

    `issuer` is None where the request names no issuer of ours. `problem` holds what makes the object unreadable
    for us (field and remedy). `csr` is the PEM of the PKCS#10 request, empty once the request is terminal.
    `unserved` says why no issuer can be meant although the API group is ours (field and remedy); the issuer is then of
    UNKNOWN_KIND. `requester` is kept where `must_reference`, and until the request is terminal. `pod` is the pod of a
    PodCertificateRequest, which nobody approves: it counts as approved since its creation.
    """

    key: ObjectKey
    uid: str
    resource_version: str
    issuer: ObjectKey | None
    csr: bytes = b""
    usages: tuple[str, ...] = ()
    is_ca: bool = False
    duration: timedelta | None = None
    approval: Approval = Approval.UNDECIDED
    approved_at: datetime | None = None
    invalid: bool = False
    ready: Condition | None = None
    order: PendingOrder | None = None
    failed: bool = False
    has_certificate: bool = False
    annotations: Mapping[str, str] = field(default_factory=dict)
    deleting: bool = False
    problem: str = ""
    unserved: str = ""
    kind_left_out: bool = False
    requester: Requester = NO_REQUESTER
    pod: Pod | None = None

    @property
    def must_reference(self) -> bool:
        """Whether the requester needs the right to reference the issuer.

        A Kubernetes CSR is in no namespace, so that who may create one says nothing about the issuer's namespace.
        """
        return self.is_kubernetes and self.issuer is not None and self.issuer.namespace != ""

    @property
    def is_kubernetes(self) -> bool:
        """Whether this is a Kubernetes CSR, whose status has no Ready condition."""
        return self.key.kind == CERTIFICATE_SIGNING_REQUEST

    @property
    def is_terminal(self) -> bool:
        """Whether the request has its answer: such a request is never written again."""
        if self.has_certificate or self.failed:
            return True
        if self.ready is None:
            return False
        return self.ready.status == "True" or self.ready.reason in ("Failed", "Denied")


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What a signer is asked to sign.

    `uid` is the request's and serves CAs as idempotency key. `handle` is what an earlier Pending answer asked to
    be given back. `duration` is None where the request leaves it to the signer (cert-manager's default: 90 days).
    `names` are those of a pod's certificate, in place of all that the CSR names; None for other requests.
    """

    uid: str
    csr: bytes
    usages: tuple[str, ...]
    is_ca: bool
    duration: timedelta | None
    issuer: IssuerSpec
    credentials: Credentials
    handle: str | None = None
    names: AssignedNames | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found that passed: when the CA's own certificates expire, None where the signer does not know.

    `warnings` are sentences for the issuer's Ready condition. They must be the same at each check while nothing
    changes, else each check writes a status. `roots` is PEM of the certificates that clients should trust, as in
    Issued.ca, without those that have expired; empty where the signer does not know.
    """

    expires: datetime | None = None
    warnings: tuple[str, ...] = ()
    roots: bytes = b""


@dataclass(frozen=True, slots=True)
class Issued:
    """A signed certificate: PEM of the leaf, then its intermediates in order.

    `ca` is PEM of what clients should trust: the root where it is known, or what the operator named as trusted; an
    intermediate that no Secret names is not known to be trusted. `validity` is the leaf's, notBefore and notAfter: what
    verifies the answer of a signer fills it in.
    """

    chain: bytes
    ca: bytes | None = None
    validity: tuple[datetime, datetime] | None = field(default=None, compare=False)  # it stands in the chain


@dataclass(frozen=True, slots=True)
class Pending:
    """The CA has taken the order and will answer later: ask again after `poll_after`, giving back `handle`.

    The handle, of at most 4,096 characters, survives restarts in the request's status: all who read that see it.
    """

    reason: str
    poll_after: timedelta
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class RequestSnapshot:
    """All that a decision about a request needs; `issuer` is None where it does not exist."""

    request: Request
    issuer: Issuer | None


Snapshot = Issuer | RequestSnapshot
