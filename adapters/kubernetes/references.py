"""Which issuer a request names, by issuerRef or by signerName.

- An issuer of ours is its key.
- What can be no issuer although the group is ours, in a signerName the resource too: a key of UNKNOWN_KIND, and why.
- Everything else names an issuer of another controller: None.
"""

from __future__ import annotations

from adapters.kubernetes.names import LONGEST_NAME
from adapters.kubernetes.schema import IssuerRef
from domain.model import UNKNOWN_KIND, ObjectKey
from domain.names import IssuerNames

_SHOWN = 80  # characters of a tenant's text in a message
_WHERE = "in the Certificate, or in a new request"
Named = tuple[ObjectKey | None, str]
"""The issuer, and why it cannot exist: field and remedy."""


class References:
    def __init__(self, names: IssuerNames) -> None:
        self._names = names
        self._cluster_signers = f"{names.cluster_issuers}.{names.group}/"
        self._signers = f"{names.issuers}.{names.group}/"

    def by_reference(self, ref: IssuerRef, namespace: str) -> Named:
        """Of a CertificateRequest. The group must match exactly, for other issuers may leave it out.

        A missing kind is the namespaced one, as cert-manager has it for its own group.
        """
        if ref.group != self._names.group or not ref.name:
            return None, ""
        if len(ref.name) > LONGEST_NAME:
            why = f"spec.issuerRef.name: {len(ref.name):,} characters, and a name has at most {LONGEST_NAME}"
            return ObjectKey(UNKNOWN_KIND, namespace, ref.name[:_SHOWN]), f"{why}; name an issuer {_WHERE}"
        match ref.kind or self._names.issuer:
            case self._names.issuer as kind:
                return ObjectKey(kind, namespace, ref.name), ""
            case self._names.cluster_issuer as kind:
                return ObjectKey(kind, "", ref.name), ""
            case kind:
                kinds = f"{self._names.issuer} and {self._names.cluster_issuer}"
                why = f"spec.issuerRef.kind: {kind[:_SHOWN]!r} is no kind of {ref.group}, which has {kinds}"
                return ObjectKey(UNKNOWN_KIND, namespace, ref.name), f"{why}; name one of them {_WHERE}"

    def by_pod_signer_name(self, signer: str) -> Named:
        """Of a PodCertificateRequest: <plural>.<group>/<name> of a cluster issuer."""
        issuer, unserved = self.by_signer_name(signer)
        if issuer is None or issuer.kind == self._names.cluster_issuer:
            return issuer, unserved
        why = f"signerName: {signer[:_SHOWN]!r} is no {self._names.cluster_issuer}, and no other kind signs for pods"
        return ObjectKey(UNKNOWN_KIND, "", issuer.name), f"{why}; name one by {self._cluster_signers}<name>"

    def by_signer_name(self, signer: str) -> Named:
        """Of a CertificateSigningRequest: <plural>.<group>/[<namespace>.]<name>.

        As cert-manager reads those of its own issuers: a namespace has no dots, a name may have some.
        """
        name = signer.removeprefix(self._cluster_signers)
        if name and name != signer:
            return ObjectKey(self._names.cluster_issuer, "", name), ""
        name = signer.removeprefix(self._signers)
        if name == signer or "/" in name:
            return None, ""
        namespace, _, name = name.partition(".")
        if namespace and name:
            return ObjectKey(self._names.issuer, namespace, name), ""
        wanted = f"create the request again with {self._signers}<namespace>.<name>"
        why = f"spec.signerName: {signer[:_SHOWN]!r} does not name both a namespace and an issuer; {wanted}"
        return (ObjectKey(UNKNOWN_KIND, "", namespace), why) if namespace else (None, "")
