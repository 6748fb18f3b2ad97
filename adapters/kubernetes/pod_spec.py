"""The mapping `spec.pods` of a cluster issuer: which pods get certificates, and what stands in them."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from adapters.spec_fields import Duration, Rule, SpecFields, described
from domain.pods import SHORTEST, PodPolicy

Usage = Literal["digital signature", "key encipherment", "key agreement", "client auth", "server auth"]
_EARLIEST_REFRESH = timedelta(minutes=10)
_LABEL = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_TEMPLATE = rf"^({_LABEL}|\{{pod\}}|\{{serviceAccount\}})[.]\{{namespace\}}([.]{_LABEL})+$"
"""{namespace} is the second label of each, so that pods of two namespaces never get the same name."""
_ACCOUNT = rf"^({_LABEL}|[*])/({_LABEL}([.]{_LABEL})*|[*])$"
_AN_HOUR: Rule = ("duration(self) >= duration('1h')", "must be at least 1h, which is the least that Kubernetes allows")
_TEN_MINUTES: Rule = ("duration(self) >= duration('10m')", "must be at least 10m, as Kubernetes wants it")
_SVID: Rule = (
    "'digital signature' in self && ('client auth' in self) == ('server auth' in self)",
    "must have 'digital signature', and both of 'client auth' and 'server auth' or neither (SPIFFE X509-SVID, 4.3)",
)


class PodsSpec(SpecFields, frozen=True):
    """Pods may get certificates from this issuer, by a podCertificate volume (Kubernetes 1.37)."""

    trust_domain: Annotated[
        str,
        described(
            "The trust domain of the names: a pod's certificate names spiffe://<trustDomain>/ns/<namespace>/sa/"
            "<service account>, whatever the pod asks for.",
            min_length=1,
            max_length=255,
            pattern="^[a-z0-9_-]+([.][a-z0-9_-]+)*$",  # Go cannot read a name with an empty label
        ),
    ]
    service_accounts: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=_ACCOUNT, max_length=317)], ...],
        described(
            "Whose pods get certificates: <namespace>/<service account>, where * in place of either stands for all.",
            min_length=1,
            max_length=256,
        ),
    ]
    dns_names: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=_TEMPLATE, max_length=253)], ...],
        described(
            "DNS names besides, such as {pod}.{namespace}.pods.example.com: first {pod}, {serviceAccount} or a text, "
            "then {namespace}, then texts.",
            max_length=8,
        ),
    ] = ()
    max_duration: Annotated[
        Duration | None,
        described("The longest validity, at least 1h. Volumes may ask for less by maxExpirationSeconds.", _AN_HOUR),
    ] = None
    refresh_after: Annotated[
        Duration | None,
        described(
            "How long after its beginning a certificate is renewed, at least 10m. Without this field at about two "
            "thirds of its validity. The kubelet adds up to 5 minutes.",
            _TEN_MINUTES,
        ),
    ] = None
    usages: Annotated[
        tuple[Usage, ...],
        described(
            "The usages of the certificates; digital signature, client auth and server auth without this field.",
            _SVID,
            min_length=1,
            max_length=5,
        ),
    ] = ("digital signature", "client auth", "server auth")

    def policy(self, obstacle: str) -> PodPolicy:
        """As the domain has it; ValueError for what the rules of the CRD refuse. `obstacle` is the signer's."""
        if self.max_duration is not None and self.max_duration < SHORTEST:
            raise ValueError(f"spec.pods.maxDuration: {_AN_HOUR[1]}")
        if self.refresh_after is not None and self.refresh_after < _EARLIEST_REFRESH:
            raise ValueError(f"spec.pods.refreshAfter: {_TEN_MINUTES[1]}")
        for text in (self.trust_domain, *self.service_accounts, *self.dns_names):
            if "\n" in text:  # which Python lets stand before the end of a pattern
                raise ValueError(f"spec.pods: {text!r} has a line break; remove it")
        if "digital signature" not in self.usages or ("client auth" in self.usages) != ("server auth" in self.usages):
            raise ValueError(f"spec.pods.usages: {_SVID[1]}")
        return PodPolicy(
            trust_domain=self.trust_domain,
            service_accounts=self.service_accounts,
            dns_names=self.dns_names,
            usages=self.usages,
            max_duration=self.max_duration,
            refresh_after=self.refresh_after,
            obstacle=obstacle,
        )
