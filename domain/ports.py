"""The ports: Protocols for everything that the domain needs from outside.

The docstrings are the contract, and tests/contracts/ has a suite for each port that every adapter passes. Adapters
subclass their port, so that mypy finds a wrong signature and a missing method fails when the adapter is built.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from domain.effects import Event, PatchStatus
from domain.model import (
    CheckResult,
    Credentials,
    Issued,
    Issuer,
    IssuerSpec,
    ObjectKey,
    Pending,
    Request,
    Requester,
    SignRequest,
    Snapshot,
)
from domain.outcomes import CheckOutcome, ReconcileOutcome, RequestOutcome, SignOutcome, WatchRestartReason

Enqueue = Callable[[ObjectKey, timedelta], None]
"""Asks for an object to be reconciled after a delay."""


class Clock(Protocol):
    @abstractmethod
    def now(self) -> datetime:
        """The time, aware, in UTC: for what is written into objects and certificates. It may be set, back too."""

    @abstractmethod
    def uptime(self) -> timedelta:
        """The time since some moment, for delays: never set, and it goes on while the process or machine is paused."""


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """The fields of a coordination.k8s.io/v1 Lease that leader election uses. With an empty `holder` it is released.

    `version` is the resourceVersion that was read, which a write must name; empty where there is no Lease yet.
    """

    holder: str
    duration: timedelta
    transitions: int = 0
    acquired: datetime | None = None
    renewed: datetime | None = None
    version: str = ""


class Lease(Protocol):
    """The one record by which processes agree who of them leads (see domain/controller/leader_election.py).

    Both methods return or raise within seconds, whatever else the process asks of the cluster. They raise
    ClusterError's children and nothing else.
    """

    @abstractmethod
    async def read(self) -> LeaseRecord | None:
        """The record as it is now, not as a cache has it; None where there is none yet."""

    @abstractmethod
    async def write(self, record: LeaseRecord) -> LeaseRecord:
        """Puts the record in place of the one of its version, or creates it; returns it with its new version.

        Conflict: another process was faster, and nothing was written. NotFound: the record has been deleted.
        """


class LeaderElection(Protocol):
    """Whether this process is the leader."""

    @abstractmethod
    def is_leader(self) -> bool:
        """Whether work may be begun, and a signer be asked, at this moment. A lead that has ended never comes back."""

    @abstractmethod
    async def started_leading(self) -> None:
        """Returns when this process leads."""

    @abstractmethod
    async def run(self) -> None:
        """Takes part until cancelled; raises LeadLost when the lead is lost and running work must end."""

    @abstractmethod
    async def release(self) -> None:
        """Leads no more and lets another lead at once; to be called when `run` has been cancelled."""


class Signer(Protocol):
    """A certificate authority. What its methods raise says what happens next:

    - RequestRejected: this request can never be signed.
    - IssuerUnhealthy: no request can be signed just now.
    - IssuerFailed: no request can ever be signed with this spec and Secret.
    - SigningError: a retry may succeed. Any other exception is retried too, but users see only its class.

    Never put a credential or a response body into a message.
    """

    spec_type: type[Any] = object
    """The type of its own mapping in an issuer's spec (adapters/spec_fields.py), which `issuer.options_as` gives."""

    uses_url: bool = False
    """Whether it asks a CA at spec.url, which the issuer must then have."""

    ca_decides_subject_and_usages: bool = False
    """Whether the CA, by a template or profile of its own, may give other subjects and usages than were asked for.

    Then these two are not compared with the request; names, key, isCA and validity always are. An issuer's
    spec.caDecidesSubjectAndUsages overrides it.
    """

    allow_annotations: bool = False
    """Whether annotations of Kubernetes CSRs count (domain/annotations.py), unless the issuer's spec.allowAnnotations
    says otherwise."""

    cannot_set_names: str = "it takes names from the CSR alone"
    """Why it cannot put SignRequest.names, which are in no CSR, into a certificate; empty where it can.

    Pods get certificates only from signers that can.
    """

    @abstractmethod
    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        """Returns if the CA would sign for this issuer; raises IssuerUnhealthy or IssuerFailed otherwise."""

    @abstractmethod
    async def sign(self, order: SignRequest) -> Issued | Pending:
        """Signs, or says when to ask again with the same order and the handle returned."""


class CAStore(Protocol):
    """Stores the one private CA that the controller makes for itself."""

    @abstractmethod
    async def get_or_create(self, make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        """The stored certificate and PKCS#8 key, both PEM; `make` is called, and its result stored, if there is none.

        Of several callers at once, in this process or another, all get the same pair. Raises ClusterError.
        """


class AccessReview(Protocol):
    """Asks what another user may do in the cluster."""

    @abstractmethod
    async def may_reference(self, requester: Requester, issuer: ObjectKey) -> bool:
        """Whether the requester is allowed the verb `reference` on this issuer, which has a namespace.

        True only where the cluster says so. Raises ClusterError where the cluster does not answer.
        """


MergeRoots = Callable[[bytes, bytes, datetime], bytes]
"""Makes the content of a bundle from that of before, the roots of a check, and the time; ValueError if it cannot."""


class TrustBundles(Protocol):
    """Publishes the roots of cluster issuers, for each in a ClusterTrustBundle, which pods mount.

    Only bundles that this controller has made are ever changed: NameTaken where another one has the name. Both methods
    raise ClusterError's children and nothing else; NotServed where the API server has no such kind.
    """

    @abstractmethod
    async def publish(self, issuer: Issuer, roots: bytes, now: datetime) -> str:
        """Publishes these roots beside those already published that have not expired; returns the bundle's name.

        The bundle goes with its issuer: an issuer that was created anew begins with these roots alone. Nothing is
        written where nothing changes. Conflict: somebody else wrote at the same time, and nothing was written. Invalid:
        the roots cannot be published.
        """

    @abstractmethod
    async def remove(self, issuer: Issuer) -> None:
        """Removes the issuer's bundle, if there is one."""


class Recorder(Protocol):
    """Records Events."""

    @abstractmethod
    def record(self, event: Event) -> None:
        """Takes an Event to be published, best effort: returns at once and never raises."""

    @abstractmethod
    async def run(self) -> None:
        """Publishes what is recorded, until cancelled."""

    @abstractmethod
    async def flush(self) -> None:
        """Returns when all that was recorded so far has been published or given up."""


class Metrics(Protocol):
    """Counts what happens, for monitoring. All methods return at once and never raise.

    A `controller` is the name of one of the controller's queues: REQUESTS or CHECKS.
    """

    @abstractmethod
    def request_completed(self, kind: str, issuer_kind: str, answer: RequestOutcome) -> None:
        """A request of this kind, to an issuer of that kind, has got its answer, which is written."""

    @abstractmethod
    def signed(self, signer: str, outcome: SignOutcome, took: timedelta) -> None:
        """A signer, of those that there are, was asked once, and took so long."""

    @abstractmethod
    def check_took(self, signer: str, outcome: CheckOutcome, took: timedelta) -> None:
        """A signer, of those that there are, was asked to check an issuer once, and took so long."""

    @abstractmethod
    def reconciled(self, controller: str, kind: str, outcome: ReconcileOutcome, took: timedelta) -> None:
        """An object of this kind was reconciled, and that took so long. After an error it is tried again."""

    @abstractmethod
    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        """An issuer's CA was checked; `expires` is what the check returned, None where it failed, too."""

    @abstractmethod
    def forget_issuer(self, issuer: ObjectKey) -> None:
        """The object is gone: what is kept about it, if it was an issuer, is dropped."""

    @abstractmethod
    def queued(self, controller: str, waited: timedelta) -> None:
        """A key that was due has waited so long for a slot."""

    @abstractmethod
    def called(self, verb: str, resource: str, code: str, method: str, host: str) -> None:
        """The API server at `host` was asked by an HTTP `method`; `code` is its status, or "none" without an answer."""

    @abstractmethod
    def restarted(self, kind: str, cause: WatchRestartReason) -> None:
        """The watch of this kind was started again."""


class Cluster(Protocol):
    """The cluster as one issuer sees it: its objects by key, their statuses to write, changes that enqueue keys.

    All methods that reach out raise ClusterError's children and nothing else.
    """

    @abstractmethod
    async def watch(self, enqueue: Enqueue) -> None:
        """Follows the cluster until cancelled, and calls `enqueue` for each key to reconcile."""

    @abstractmethod
    async def synced(self) -> None:
        """Returns once `watch` has seen all that existed when it began."""

    @abstractmethod
    def enqueue_all(self) -> None:
        """Enqueues every issuer and every request without an answer, as if `watch` had just begun."""

    @abstractmethod
    def issuers(self) -> Iterable[Issuer]:
        """All issuers, as the watch last saw them."""

    @abstractmethod
    def waiting(self) -> Iterable[Request]:
        """The approved requests to issuers of ours that have no answer yet, as the watch last saw them."""

    @abstractmethod
    async def load(self, key: ObjectKey) -> Snapshot | None:
        """What is known of an issuer or a request, from the watch; None where it is gone."""

    @abstractmethod
    def issuer_of(self, key: ObjectKey) -> ObjectKey | None:
        """The issuer that a request names, from the watch; None for other kinds, and for a request that is gone."""

    @abstractmethod
    async def reload(self, key: ObjectKey) -> Snapshot | None:
        """As `load`, but asks the server about the object itself: for after a Conflict."""

    @abstractmethod
    async def apply(self, patch: PatchStatus) -> None:
        """Makes the patch's status the whole of ours: what it leaves out is dropped from the object.

        Conflict: the object is no longer at the patch's resource version. NotFound: it is gone; apply never
        creates. Invalid: the server will never take it. AdmissionRefused: a webhook or a policy does not, in its words.
        After success `load` answers with the new status.
        """

    @abstractmethod
    async def credentials(self, secret: ObjectKey) -> Credentials:
        """The data of an issuer's Secret; NotFound, Forbidden … in the server's own words where it cannot be read."""
