"""The table of reasons: each reason and message of a condition or an Event, what it means, and what users should do.

One row for each message. Conditions, Events, the tables of deploy/README.md and the command `explain` come from it. The
only other texts for users are messages of exceptions, which take the place of `{why}`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NORMAL, WARNING = "Normal", "Warning"

READY, STALLED, FAILED, ORDER, ISSUED, DENIED = "Ready", "Stalled", "Failed", "Order", "Issued", "Denied"
TRUST_BUNDLE = "TrustBundle"
CONDITION_TYPES = {
    READY: "an issuer or a CertificateRequest: its state, with a reason of the tables below",
    STALLED: "an issuer: True while Ready has the reason Failed, otherwise absent; Flux and kpt read it (kstatus)",
    TRUST_BUNDLE: "an issuer whose spec.trustBundle is true: True while its roots are published, with a reason of the"
    " tables below",
    FAILED: "a request of certificates.k8s.io: it will never be signed, with a reason of the tables below",
    ISSUED: "a PodCertificateRequest: it is signed",
    DENIED: "a PodCertificateRequest: the issuer gives this pod no certificate, with a reason of the tables below",
    ORDER: "a request: the CA has taken the order and answers later; do not edit this condition",
}
"""The condition types that this controller writes, and what each says. ORDER follows the API group and a slash."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One row: the reason, the status that Ready gets (None: Ready never says it), the Event's type and message.

    In a BundleReason (bundle_reasons.py) `ready` is the status that the condition TrustBundle gets.
    `means`, `rule` (which function decides it, and when) and `remedy` (what to do) are for users to read.
    `denies_pod`: the condition Denied of a PodCertificateRequest says it, and nothing else does.
    """

    reason: str
    ready: str | None
    event_type: str
    message: str
    means: str
    rule: str
    remedy: str
    denies_pod: bool = False


STATUS_REFUSED = "Admission refused to store the status of this object; the write will be repeated: {why}"
_CHANGE_ADMISSION = "The message quotes the refusal: change the webhook or policy that refuses, or repair the webhook."
_NEW_REQUEST = "For a Certificate, cert-manager makes a new one after a while, or at once with cmctl renew. Else create"
_NEW_REQUEST += " it again, or delete the pod that it is for."


def _denied(reason: str, message: str, means: str, rule: str, remedy: str) -> Reason:
    """A row for the condition Denied of a PodCertificateRequest."""
    means = f"{means} The condition Denied of the PodCertificateRequest has this reason. This is final."
    remedy = f"{remedy} Then delete the pod: the kubelet asks for its successor, but never again for the same pod."
    return Reason(reason, None, WARNING, message, means, rule, remedy, denies_pod=True)


class IssuerReason(Enum):
    FIRST_SEEN = Reason(
        "Initializing",
        "Unknown",
        NORMAL,
        "First seen",
        means="The first check of the issuer is running.",
        rule="domain/issuers.py, decide: the issuer has no Ready condition yet.",
        remedy="Do nothing. A check takes at most a minute; if this stays longer, read the manager's log.",
    )
    CHECKED = Reason(
        "Checked",
        "True",
        NORMAL,
        "Success",
        means="The CA would sign. It is checked again every --check-interval.",
        rule="domain/issuers.py, settle: the signer's check passed.",
        remedy="Do nothing.",
    )
    CHECKED_WITH_WARNINGS = Reason(
        "Checked",
        "True",
        WARNING,
        "Success, with warnings: {why}",
        means="The CA would sign, but something was left out or is missing. Requests are signed.",
        rule="domain/issuers.py, settle: the signer's check passed, and returned warnings.",
        remedy="Read the warnings: they say what was left out, and what is missing.",
    )
    CHECK_FAILED = Reason(
        "Pending",
        "False",
        WARNING,
        "Temporary error. Retrying: {why}",
        means="The check failed, or a signer said that the CA cannot serve now. The check is retried after 1 s up to"
        " 5 min, and requests wait.",
        rule="domain/issuers.py, settle: the check failed, but may pass later; or a signing raised IssuerUnhealthy.",
        remedy="Create the Secret that the message names, or repair the CA. The issuer becomes Ready by itself.",
    )
    BROKEN = Reason(
        "Failed",
        "False",
        WARNING,
        "Not retried until the spec or the Secret changes: {why}",
        means="The issuer can never work with this spec and this Secret. It is not retried, and requests wait.",
        rule="domain/issuers.py, settle: the check or a signing raised IssuerFailed.",
        remedy="Change what the message names in the spec or the Secret. The issuer is then checked at once.",
    )
    REFUSED = Reason(
        "StatusRefused",
        None,
        WARNING,
        STATUS_REFUSED,
        means="An admission webhook or policy refused to store the status. The write is retried after 1 s up to 5 min.",
        rule="domain/issuers.py, refused: the API server says that admission refused the write.",
        remedy=_CHANGE_ADMISSION,
    )


class RequestReason(Enum):
    UNAPPROVED = Reason(
        "WaitingForApproval",
        None,
        NORMAL,
        "Not signed before it is approved: {why}",
        means="The request is neither approved nor denied. The CA is asked only after approval.",
        rule="domain/requests.py, decide: neither the condition Approved nor Denied is True after 5 s.",
        remedy="Give the approver the right that the message names, or approve the request by the command in it.",
    )
    DENIED = Reason(
        "Denied",
        "False",
        WARNING,
        "The request was denied by an approver",
        means="An approver denied the request. This is final.",
        rule="domain/requests.py, decide: the condition Denied is True.",
        remedy="Ask the approver. The condition Denied may say why.",
    )
    UNSERVED = Reason(
        "Pending",
        "False",
        WARNING,
        "No issuer can sign this request: {why}",
        means="The request names an issuer that cannot exist: a kind that this controller does not have, or a"
        " signerName without a namespace or with too long a name.",
        rule="domain/requests.py, decide: the issuer in spec.issuerRef or spec.signerName cannot exist.",
        remedy="Correct the field that the message names, in the Certificate, or create the request again.",
    )
    WAITING = Reason(
        "Pending",
        "False",
        NORMAL,
        "Waiting for the issuer: {why}",
        means="The issuer does not exist, is not Ready, or cannot sign now. The request goes on at once when the issuer"
        " becomes Ready. Waiting does not use up its retry window.",
        rule="domain/requests.py, decide: the issuer is missing or not Ready; settle: a signing raised"
        " IssuerUnhealthy or IssuerFailed.",
        remedy="Read the Ready condition of the issuer, and do what it says. If there is no such issuer, create it.",
    )
    ORDERED = Reason(
        "Pending",
        "False",
        NORMAL,
        "The CA has not answered yet: {why}",
        means="The CA has taken the order and answers later. It is asked again, for as long as it takes.",
        rule="domain/requests.py, settle: the signer returned Pending.",
        remedy="Do nothing, unless the CA needs somebody's consent: then give it there.",
    )
    RETRYING = Reason(
        "Pending",
        "False",
        WARNING,
        "Temporary error. Retrying: {why}",
        means="An attempt failed. The request is retried with backoff; after --max-retry-duration of failed signings"
        " it becomes Failed.",
        rule="domain/requests.py, settle: the signing failed, but may succeed later; unreviewed: the API server did"
        " not say whether the requester may use the issuer.",
        remedy="Mostly do nothing. If it stays, correct what the message names.",
    )
    MAY_NOT_REFERENCE = Reason(
        "DeniedReference",
        None,
        WARNING,
        "The requester may not use the issuer: {why}",
        means="The requester of this CertificateSigningRequest may not use the namespaced issuer. Its condition Failed"
        " has this reason. This is final.",
        rule="domain/requests.py, reviewed: the API server says that the requester lacks the verb reference.",
        remedy="Bind the Role that adapters/signers/README.md shows, and create the request again.",
    )
    POD_SIGNER = _denied(
        "SignerNotServed",
        "No issuer can sign for pods by this name: {why}",
        means="A pod names a signer that cannot exist. Only cluster issuers sign for pods.",
        rule="domain/requests.py, decide: the signerName of the PodCertificateRequest names no cluster issuer.",
        remedy="Correct signerName in the pod's volume.",
    )
    NO_POD_CERTIFICATES = _denied(
        "PodCertificatesNotEnabled",
        "The issuer gives no certificates to pods: {why}",
        means="The issuer does not sign for pods.",
        rule="domain/pods.py, denial: the issuer has no spec.pods.",
        remedy="Set spec.pods of the issuer, if its owner agrees.",
    )
    SIGNER_CANNOT = _denied(
        "SignerCannotSetNames",
        "The issuer's signer cannot sign for pods: {why}",
        means="The names of a pod's certificate are not in its CSR, and this signer takes names from there alone.",
        rule="domain/pods.py, denial: the signer says so (Signer.cannot_set_names).",
        remedy="Name an issuer with another signer in the pod's volume.",
    )
    SERVICE_ACCOUNT_NOT_ALLOWED = _denied(
        "ServiceAccountNotAllowed",
        "spec.pods.serviceAccounts of the issuer does not list the pod's ServiceAccount: {why}",
        means="The issuer signs for pods of other ServiceAccounts.",
        rule="domain/pods.py, denial: spec.pods.serviceAccounts of the issuer does not list the pod's.",
        remedy="Add the ServiceAccount to spec.pods.serviceAccounts, if the issuer's owner agrees.",
    )
    INVALID_ANNOTATIONS = _denied(
        "InvalidUnverifiedUserAnnotations",
        "This signer knows no userAnnotations; remove them from the pod's volume: {why}",
        means="The volume has userAnnotations, and this controller reads none: nobody has verified them.",
        rule="domain/pods.py, denial: spec.unverifiedUserAnnotations is not empty.",
        remedy="Remove userAnnotations from the pod's volume.",
    )
    NO_DNS_NAME = _denied(
        "NoDNSName",
        "spec.pods.dnsNames of the issuer makes no DNS name for this pod: {why}",
        means="A name that the template needs does not fit into a DNS name.",
        rule="domain/pods.py, denial: a placeholder of spec.pods.dnsNames gets a value with a dot, or one too long.",
        remedy="Give the pod or its ServiceAccount a shorter name without dots.",
    )
    UNSUPPORTED_KEY = _denied(
        "UnsupportedKeyType",
        "The signer does not accept this type of key: {why}",
        means="The signer cannot sign for the pod's key.",
        rule="domain/requests.py, settle: the signer raised UnsupportedKey.",
        remedy="Set keyType in the pod's volume to one that the message names.",
    )
    REJECTED = Reason(
        "Failed",
        "False",
        WARNING,
        "The request cannot be signed: {why}",
        means="The request can never be signed as it is. This is final.",
        rule="domain/requests.py, decide: a field of the request cannot be read; settle: the signer raised"
        " RequestRejected.",
        remedy=f"Correct what the message names. {_NEW_REQUEST}",
    )
    GIVEN_UP = Reason(
        "Failed",
        "False",
        WARNING,
        "Given up after retrying for {retried}: {why}",
        means="The request was retried for --max-retry-duration. This is final.",
        rule="domain/requests.py, settle: a signing failed after the end of the retry window.",
        remedy=f"Correct the last error, which the message names. {_NEW_REQUEST}",
    )
    WRONG_TWICE = Reason(
        "Failed",
        "False",
        WARNING,
        "The CA answered twice with the same difference; asking again would only make more certificates: {why}",
        means="The CA issued a certificate that differs from the request, twice in the same way. It is not stored. This"
        " is final.",
        rule="domain/requests.py, settle: two certificates of the CA failed the verification alike.",
        remedy=f"Change the profile of the CA, or the request, so that they agree. {_NEW_REQUEST}",
    )
    ISSUED = Reason(
        "Issued",
        "True",
        NORMAL,
        "Signed",
        means="The request is signed. status.certificate holds the leaf and its intermediates; in a"
        " PodCertificateRequest, status.certificateChain does. In a CertificateRequest, status.ca holds the root if it"
        " is known, or the certificates of ca.crt for the signer CA.",
        rule="domain/requests.py, settle: the signer returned a certificate that passed the verification.",
        remedy="Do nothing.",
    )
    REFUSED = Reason(
        "StatusRefused",
        None,
        WARNING,
        STATUS_REFUSED,
        means="An admission webhook or policy refused to store the status. The write is retried after 1 s up to 5 min."
        " A certificate that the CA has issued is kept until then.",
        rule="domain/requests.py, refused: the API server says that admission refused the write.",
        remedy=_CHANGE_ADMISSION,
    )
