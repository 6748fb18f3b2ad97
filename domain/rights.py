"""Which right a request waits for or lacks, who needs it, and where it is granted: the words for Events and conditions.

`approve` is checked by cert-manager's webhook, `reference` is asked for as cert-manager asks for its own issuers:
https://cert-manager.io/docs/usage/certificaterequest/#approval, https://cert-manager.io/docs/usage/kube-csr/
A message that is too long is cut at its end, so names that a user chose stand last.
"""

from __future__ import annotations

import shlex

from domain.model import ObjectKey, Request
from domain.names import IssuerNames

_LONGEST_USERNAME = 200  # characters shown of it


def to_approve(request: Request, names: IssuerNames) -> str:
    """The right that an approver of the request needs, which names an issuer of ours."""
    issuer = _issuer(request)
    every, this = names.every_signer_name(issuer.kind), names.signer_name(issuer)
    if request.is_kubernetes:
        return (
            "it is neither approved nor denied yet. To approve it: kubectl certificate approve"
            f" {shlex.quote(request.key.name)} (this needs the verb update on certificatesigningrequests/approval and"
            " the verb approve on signers, both in API group certificates.k8s.io, the latter with resourceName"
            f" {every} or {this})"
        )
    if request.kind_left_out:
        return (
            "no approver has decided yet, and where cert-manager's webhook runs none can: it reads a missing"
            f" spec.issuerRef.kind as Issuer, which API group {names.group} does not have. Set the kind to"
            f" {issuer.kind}, in the Certificate if one made this request, else in a new request"
        )
    return (
        "no approver has decided yet. If cert-manager's approver is to decide, its ServiceAccount (by default"
        " cert-manager in namespace cert-manager) must be allowed the verb approve on resource signers in API group"
        " cert-manager.io; deploy/rbac/cert-manager-approver.yaml of this project allows that. If approver-policy is to"
        " decide, a CertificateRequestPolicy must select the issuer and the requester must be allowed to use it. To"
        f" decide yourself: cmctl approve or cmctl deny. The resourceName of that right is {every} or {this}"
    )


def to_reference(request: Request, names: IssuerNames) -> str:
    """The right that the requester of a Kubernetes CSR lacks."""
    issuer, who = _issuer(request), f"user {request.requester.username[:_LONGEST_USERNAME]!r}"
    return (
        f"{who} is not allowed the verb reference on resource signers in API group {names.group}, namespace"
        f" {issuer.namespace}, resourceName {issuer.name}. Bind a Role of that namespace that allows it to the user or"
        " to one of its groups, then create the request again"
    )


def _issuer(request: Request) -> ObjectKey:
    if request.issuer is None:
        raise ValueError(f"{request.key} names no issuer of ours")
    return request.issuer
