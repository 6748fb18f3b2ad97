"""What people and other controllers do to a cluster, so that the Cluster contract can ask what an adapter makes of it.

One class for each adapter, the same deeds; a deed is done when the method returns, but no watch need have told
of it yet.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from functools import cache

from domain.effects import Status
from domain.model import ObjectKey
from domain.pods import Pod
from domain.ports import Cluster
from tests.support import pki


@cache
def a_csr() -> bytes:
    """What every request of these tests asks for."""
    return pki.csr()


@cache
def a_certificate(owner: str) -> bytes:
    """A PEM certificate, as a CertificateSigningRequest's status must hold one; the same for the same owner."""
    return pki.authority(owner).pem


def a_pod(namespace: str) -> Pod:
    """Whom a pod's request is for."""
    return Pod(namespace, "web-0", "uid-pod", "web")


class ClusterDriver(ABC):
    """`cluster` is the adapter under test; `other_namespace` and `namespace` are this test's own."""

    cluster: Cluster
    namespace: str
    other_namespace: str
    cluster_namespace: str

    @abstractmethod
    async def create_issuer(self, key: ObjectKey, secret: str) -> None: ...

    @abstractmethod
    async def change_issuer(self, key: ObjectKey, url: str) -> None: ...

    @abstractmethod
    async def create_request(self, key: ObjectKey, issuer: ObjectKey) -> None:
        """A request of the key's kind.

        It holds `a_csr()`, the usages "digital signature" and "client auth", and a duration of one hour; that of a pod
        is for `a_pod` and has no usages.
        """

    @abstractmethod
    async def create_foreign_request(self, key: ObjectKey) -> None:
        """A CertificateRequest whose issuerRef has our kind but another group."""

    @abstractmethod
    async def approve(self, key: ObjectKey) -> None: ...

    @abstractmethod
    async def annotate(self, key: ObjectKey, value: str) -> None: ...

    @abstractmethod
    async def put_secret(self, key: ObjectKey, data: Mapping[str, bytes]) -> None: ...

    @abstractmethod
    async def delete(self, key: ObjectKey) -> None: ...

    @abstractmethod
    async def refuse_statuses(self, key: ObjectKey, why: str) -> None:
        """Admission refuses the object's statuses in these words, until `accept_statuses`."""

    @abstractmethod
    async def accept_statuses(self, key: ObjectKey) -> None: ...

    @abstractmethod
    async def status(self, key: ObjectKey) -> Status | None:
        """The status as it is stored, of which the adapter's cache knows only part."""
