"""What Kubernetes calls an issuer: its API group, its kinds, and the names that are made of these.

The values stand in entrypoints/issuer.py alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.model import ObjectKey


@dataclass(frozen=True, slots=True)
class IssuerNames:
    """`issuer` and `cluster_issuer` are the kinds, `issuers` and `cluster_issuers` their plurals.

    `default_signer` signs for issuers whose spec.signer is left out.
    """

    controller: str
    group: str
    version: str
    issuer: str
    issuers: str
    cluster_issuer: str
    cluster_issuers: str
    default_signer: str

    @property
    def kinds(self) -> tuple[str, str]:
        return self.issuer, self.cluster_issuer

    def signer_name(self, issuer: ObjectKey) -> str:
        """The issuer as RBAC and spec.signerName have it: <plural>.<group>/[<namespace>.]<name>."""
        name = f"{issuer.namespace}.{issuer.name}" if issuer.namespace else issuer.name
        return f"{self._plural(issuer.kind)}.{self.group}/{name}"

    def every_signer_name(self, kind: str) -> str:
        """All issuers of a kind, as RBAC has them."""
        return f"{self._plural(kind)}.{self.group}/*"

    def _plural(self, kind: str) -> str:
        return self.issuers if kind == self.issuer else self.cluster_issuers
