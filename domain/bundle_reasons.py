"""The rows of the table of reasons about ClusterTrustBundles. reasons.py says what a row is."""

from __future__ import annotations

from enum import Enum

from domain.reasons import NORMAL, WARNING, Reason

_ROLE = "deploy/rbac/trust-bundles.yaml of this project"


class BundleReason(Enum):
    PUBLISHING = Reason(
        "Publishing",
        "Unknown",
        NORMAL,
        "The roots are published after the next check",
        means="The issuer asks for a bundle for the first time. It is checked again at once, and then published. This"
        " condition is written first, so that no bundle is forgotten if the manager stops.",
        rule="domain/trust_bundles.py, decide: spec.trustBundle is true, and there is no condition TrustBundle yet.",
        remedy="Do nothing. If this stays, read the Ready condition: only a check that passes finds the roots.",
    )
    PUBLISHED = Reason(
        "Published",
        "True",
        NORMAL,
        "The roots are in ClusterTrustBundle {why}",
        means="The ClusterTrustBundle of this name holds the roots that clients should trust. Pods can mount it. Old"
        " roots stay in it until they expire.",
        rule="domain/trust_bundles.py, settle: the bundle holds the roots that the check found.",
        remedy="Do nothing.",
    )
    NO_ROOT = Reason(
        "NoRoot",
        "False",
        WARNING,
        "Nothing can be published: the signer knows no root that has not expired",
        means="The check found no certificate that clients should trust. A bundle that is already published stays as"
        " it is.",
        rule="domain/trust_bundles.py, settle: the check returned no roots.",
        remedy="Add the root: for the signer CA to ca.crt of the Secret, for others at the CA.",
    )
    NOT_SERVED = Reason(
        "NotServed",
        "False",
        WARNING,
        "Nothing can be published: {why}",
        means="This version of Kubernetes has no ClusterTrustBundle in certificates.k8s.io/v1. Certificates are signed"
        " as usual.",
        rule="domain/trust_bundles.py, settle: the API server does not serve the kind.",
        remedy="Upgrade to Kubernetes 1.37 or later. The next check after that publishes. Or remove spec.trustBundle.",
    )
    FORBIDDEN = Reason(
        "Forbidden",
        "False",
        WARNING,
        f"Nothing is published: the controller lacks a right that {_ROLE} gives: {{why}}",
        means="The controller has no right to write ClusterTrustBundles. Certificates are signed as usual.",
        rule="domain/trust_bundles.py, settle: the API server forbids it.",
        remedy=f"Apply {_ROLE}; with Helm, set trustBundles.enabled to true. The next check publishes.",
    )
    NAME_TAKEN = Reason(
        "NameTaken",
        "False",
        WARNING,
        "Nothing is published: the ClusterTrustBundle is somebody else's: {why}",
        means="There is a ClusterTrustBundle of the name that this issuer's would have, and this controller has not"
        " made it. It is not changed.",
        rule="domain/trust_bundles.py, settle: the bundle lacks this controller's label.",
        remedy="Find out who made the ClusterTrustBundle that the message names. Delete it if it is not needed.",
    )
    NOT_PUBLISHED = Reason(
        "NotPublished",
        "False",
        WARNING,
        "The roots are not published; this is tried again at the next check: {why}",
        means="The API server did not take the bundle. What was published before stays. Certificates are signed as"
        " usual.",
        rule="domain/trust_bundles.py, settle: publishing failed for another reason.",
        remedy="Read the message. Correct the certificate that it names, or the policy that refuses. If the user is not"
        f" permitted to attest, apply {_ROLE}.",
    )
    NOT_REMOVED = Reason(
        "NotRemoved",
        "False",
        WARNING,
        "The ClusterTrustBundle is not wanted any more and could not be deleted; this is tried again at the next check:"
        " {why}",
        means="spec.trustBundle was removed or set to false, but the bundle of before may still be there.",
        rule="domain/trust_bundles.py, settle: deleting the bundle failed.",
        remedy=f"Apply {_ROLE} if the message says that it is forbidden, or delete the bundle yourself.",
    )
