"""Which pods an issuer gives certificates to, and what stands in these: its spec.pods and the pod's identity decide.

Pure. A kubelet asks by a PodCertificateRequest, and the API server has compared what it says of the pod with the pod
itself. Of the certificate request in it only the public key counts.
API: https://kubernetes.io/docs/reference/kubernetes-api/certificates/pod-certificate-request-v1/
Names: https://github.com/spiffe/spiffe/blob/main/standards/SPIFFE-ID.md and X509-SVID.md there
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.reasons import Reason, RequestReason

LONGEST_BACKDATING = timedelta(minutes=2)
"""How long before the signing a pod's certificate may begin. When the API server stores it, that may be 5 minutes."""
WRITE_WITHIN = timedelta(minutes=4)
"""After this time from its beginning a certificate is signed anew in place of being stored."""
SHORTEST = timedelta(hours=1)
"""The least that the API server takes as validity."""
_MARGIN = timedelta(minutes=10)  # from both ends of the validity to the time of renewal
_LONGEST_DNS_NAME, _LONGEST_LABEL = 253, 63  # characters (RFC 1035 section 2.3.4)


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod that a certificate is for, as the API server has verified it.

    `annotations` are the first keys of spec.unverifiedUserAnnotations, which nobody has verified.
    """

    namespace: str
    name: str
    uid: str
    service_account: str
    annotations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PodPolicy:
    """An issuer's spec.pods. `service_accounts` are <namespace>/<name>, where `*` stands for all.

    `dns_names` are templates: {pod}, {serviceAccount} or a text, then {namespace}, then texts. So pods of two
    namespaces have no name in common. `refresh_after` is None for two thirds of the validity. `obstacle` says why the
    issuer's signer cannot sign for pods; empty where it can.
    """

    trust_domain: str
    service_accounts: tuple[str, ...]
    dns_names: tuple[str, ...] = ()
    usages: tuple[str, ...] = ("digital signature", "client auth", "server auth")
    max_duration: timedelta | None = None
    refresh_after: timedelta | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class AssignedNames:
    """The only names of a certificate, whatever its CSR says: one URI and DNS names; its subject is empty."""

    uri: str
    dns_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a pod gets no certificate: a row of the table of reasons, and the words for it."""

    reason: Reason
    why: str


def denial(pod: Pod, policy: PodPolicy | None) -> Denial | None:
    """Why this pod gets no certificate; None where it gets one."""
    account = f"{pod.namespace}/{pod.service_account}"
    if policy is None:
        return Denial(RequestReason.NO_POD_CERTIFICATES.value, "it has no spec.pods")
    if policy.obstacle:
        return Denial(RequestReason.SIGNER_CANNOT.value, policy.obstacle)
    if not {account, f"{pod.namespace}/*", f"*/{pod.service_account}", "*/*"} & set(policy.service_accounts):
        return Denial(RequestReason.SERVICE_ACCOUNT_NOT_ALLOWED.value, account)
    if pod.annotations:
        return Denial(RequestReason.INVALID_ANNOTATIONS.value, ", ".join(pod.annotations))
    for name in _dns_names(pod, policy):
        if len(name) > _LONGEST_DNS_NAME:
            return Denial(RequestReason.NO_DNS_NAME.value, f"{name!r} would have {len(name)} characters of at most 253")
    return _unfit_label(pod, policy)


def names(pod: Pod, policy: PodPolicy) -> AssignedNames:
    """The names for a pod that is not denied: its SPIFFE ID, and what the templates for DNS names make."""
    uri = f"spiffe://{policy.trust_domain}/ns/{pod.namespace}/sa/{pod.service_account}"
    return AssignedNames(uri, _dns_names(pod, policy))


def refresh_at(begins: datetime, ends: datetime, policy: PodPolicy | None, jitter: float) -> datetime:
    """When the kubelet should begin to ask for the next certificate, in whole seconds.

    At two thirds of the validity, give or take a twentieth by `jitter` in [0, 1), or where spec.pods says.
    """
    validity = ends - begins
    wanted = validity * (2 / 3 + (jitter - 0.5) / 10)
    if policy and policy.refresh_after:
        wanted = policy.refresh_after
    after = min(max(wanted, _MARGIN), validity - _MARGIN)
    return (begins + after).replace(microsecond=0)


def _dns_names(pod: Pod, policy: PodPolicy) -> tuple[str, ...]:
    values = _values(pod)
    return tuple(".".join(values.get(label, label) for label in template.split(".")) for template in policy.dns_names)


def _values(pod: Pod) -> dict[str, str]:
    return {"{pod}": pod.name, "{namespace}": pod.namespace, "{serviceAccount}": pod.service_account}


def _unfit_label(pod: Pod, policy: PodPolicy) -> Denial | None:
    """Each placeholder is one label: a dot in a value would move what follows, perhaps to the name of another pod."""
    used = {label for template in policy.dns_names for label in template.split(".")}
    for placeholder, value in _values(pod).items():
        if placeholder in used and ("." in value or len(value) > _LONGEST_LABEL):
            why = f"{placeholder} is {value!r}, and a label of a DNS name has no dot and at most 63 characters"
            return Denial(RequestReason.NO_DNS_NAME.value, why)
    return None
