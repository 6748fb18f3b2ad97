"""What Kubernetes calls an issuer: its API group, its kinds, and the names that are made of these.

The values stand in entrypoints/issuer.py alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.model import ObjectKey


@dataclass(frozen=True, slots=True)
class IssuerNames:
    """`issuer` is the namespaced kind, `cluster_issuer` the other; `issuers` and `cluster_issuers` are their plurals.

    kubectl knows the kinds by their short names too. `default_signer` signs for issuers whose spec chooses none.
    """

    controller: str
    group: str
    version: str
    issuer: str
    cluster_issuer: str
    short_name: str
    cluster_short_name: str
    default_signer: str

    @property
    def issuers(self) -> str:
        return f"{self.issuer.lower()}s"

    @property
    def cluster_issuers(self) -> str:
        return f"{self.cluster_issuer.lower()}s"

    @property
    def kinds(self) -> tuple[str, str]:
        return self.issuer, self.cluster_issuer

    def signer_name(self, issuer: ObjectKey) -> str:
        """The issuer as RBAC and spec.signerName have it: <plural>.<group>/[<namespace>.]<name>."""
        name = f"{issuer.namespace}.{issuer.name}" if issuer.namespace else issuer.name
        return f"{self._plural(issuer.kind)}.{self.group}/{name}"

    def trust_bundle_name(self, issuer: ObjectKey) -> str:
        """The ClusterTrustBundle with the issuer's roots; the API server demands that it begins with the signer."""
        return f"{self.signer_name(issuer).replace('/', ':')}:roots"

    def every_signer_name(self, kind: str) -> str:
        """All issuers of a kind, as RBAC has them."""
        return f"{self._plural(kind)}.{self.group}/*"

    def _plural(self, kind: str) -> str:
        return self.issuers if kind == self.issuer else self.cluster_issuers
