"""The type of an issuer's `spec`: what all signers share, and one optional mapping for each signer.

The mapping that is there chooses the signer; without one the default signer signs. The CRDs are generated from the
type that `spec_type` returns, and SpecReader reads objects with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import msgspec

from adapters.kubernetes.decoding import field_error
from adapters.kubernetes.names import LONGEST_NAME
from adapters.kubernetes.pod_spec import PodsSpec
from adapters.kubernetes.schema import SECRET
from adapters.spec_fields import Duration, Rule, SpecFields, described
from domain.model import IssuerSpec, ObjectKey
from domain.ports import Signer

_MOST_SPEC = 16_384
"""Bytes of JSON. What is kept of an object in memory must be small."""
_URL_RULES: tuple[Rule, ...] = (
    (
        "isURL(self) && self.matches('^[!-~]+$') && url(self).getScheme() in ['http', 'https'] && "
        "url(self).getHostname() != ''",
        "must be an absolute http or https URL with a host and without spaces, such as https://ca.example.com/v1",
    ),
    (
        "!isURL(self) || url(self).getPort() == '' || (url(self).getPort().size() <= 5 && "
        "int(url(self).getPort()) >= 1 && int(url(self).getPort()) <= 65535)",
        "must have a port from 1 to 65535, or none for the scheme's own",
    ),
    (
        "!self.matches('^[^/?#]*//[^/?#]*@')",
        "must not hold a user name or password, which everybody who may read this object would see; put them into the "
        "Secret that authSecretName names",
    ),
    (
        "!self.contains('?') && !self.contains('#')",
        "must end before any '?' or '#'; put options into the signer's fields and credentials into the Secret",
    ),
)
_SECRET_RULE: Rule = (
    "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",
    "must be the bare name of a Secret: lower case letters, digits, '-' and '.', beginning and ending with a letter or "
    "digit; it cannot name a namespace",
)


class SharedSpec(SpecFields, frozen=True):
    """Which certificate authority it is, and how to reach it."""

    auth_secret_name: Annotated[
        str,
        described(
            "The Secret that holds the credentials for the CA. That of a namespaced issuer is in its own namespace, "
            "that of a cluster issuer in the controller's --cluster-resource-namespace (by default the namespace it "
            "runs in). It may be created later, and is watched for changes.",
            _SECRET_RULE,
            max_length=253,
        ),
    ]
    url: Annotated[
        str,
        described(
            "The address of the CA's API, such as https://ca.example.com/v1. Credentials belong in the Secret and "
            "options in the signer's own fields, so it has no user name, query or fragment. Required by signers that "
            "ask a CA elsewhere.",
            *_URL_RULES,
            max_length=2048,
        ),
    ] = ""
    allow_annotations: Annotated[
        bool | None,
        described(
            "Whether the annotations experimental.cert-manager.io/request-duration and request-is-ca of Kubernetes "
            "CertificateSigningRequests count. Each user who may create a request may write them. The signer says "
            "what holds without this field."
        ),
    ] = None
    ca_decides_subject_and_usages: Annotated[
        bool | None,
        described(
            "Whether the CA, by a template or profile of its own, may give other subjects and usages than were asked "
            "for. Names, key, isCA and validity must always be as asked. The signer says what holds without this field."
        ),
    ] = None
    ca_adds_common_name_as_dns_name: Annotated[
        bool | None,
        described("Whether the CA may add the common name as a DNS name that was not asked for."),
    ] = msgspec.field(default=None, name="caAddsCommonNameAsDNSName")


class ClusterSpec(SharedSpec, frozen=True):
    """Which certificate authority it is, how to reach it, and what it is for besides cert-manager's certificates."""

    pods: Annotated[PodsSpec | None, described((PodsSpec.__doc__ or "").strip())] = None
    trust_bundle: Annotated[
        bool,
        described(
            "Whether the CA's roots are published as a ClusterTrustBundle, which pods mount (Kubernetes 1.37). The "
            "condition TrustBundle says under which name."
        ),
    ] = False


def spec_type(signers: Mapping[str, Signer], shared: type[SharedSpec]) -> type[SharedSpec]:
    """The shared type with an optional field for each signer, of the signer's own type."""
    fields = [
        (name, Annotated[signer.spec_type | None, described((signer.spec_type.__doc__ or "").strip())], None)
        for name, signer in signers.items()
    ]
    renamed = {name: name for name in signers}  # they are written as they are
    return cast(
        type[SharedSpec],
        msgspec.defstruct(
            "Spec", fields, bases=(shared,), namespace={"__doc__": shared.__doc__}, frozen=True, rename=renamed
        ),
    )


class SpecReader:
    """Reads the spec of issuers for these signers; `default` is the one for a spec that chooses none."""

    def __init__(self, signers: Mapping[str, Signer], default: str) -> None:
        if default not in signers:
            raise ValueError(f"the default signer {default!r} is none of {', '.join(signers)}")
        self._types = {name: signer.spec_type for name, signer in signers.items()}
        self._with_url = {name for name, signer in signers.items() if signer.uses_url}
        self._default = default
        self._obstacles = {name: signer.cannot_set_names for name, signer in signers.items()}
        self.type, self.cluster_type = spec_type(signers, SharedSpec), spec_type(signers, ClusterSpec)

    def read(self, spec: Mapping[str, Any], namespace: str, *, of_cluster: bool) -> IssuerSpec:
        """The spec with its Secret in `namespace`; where it cannot be read, `problem` names the field and why.

        `of_cluster` says that it is a cluster issuer's, which has more fields.
        """
        try:
            return self._read(spec, namespace, self.cluster_type if of_cluster else self.type)
        except ValueError as error:
            secret = spec.get("authSecretName")
            named = ObjectKey(SECRET, namespace, secret[:LONGEST_NAME] if isinstance(secret, str) else "")
            chosen = next((name for name in self._types if spec.get(name) is not None), self._default)
            return IssuerSpec("", named, chosen, problem=str(error))

    def _read(self, spec: Mapping[str, Any], namespace: str, spec_type: type[SharedSpec]) -> IssuerSpec:
        if (size := len(msgspec.json.encode(spec))) > _MOST_SPEC:
            raise ValueError(f"spec: {size:,} bytes, and no more than {_MOST_SPEC:,} are read; make its texts shorter")
        shared = convert(spec, spec_type, "spec")
        chosen = [name for name in self._types if getattr(shared, name) is not None]
        if len(chosen) > 1:
            raise ValueError(f"spec: has {' and '.join(chosen)}, and one of them chooses the signer; remove the others")
        signer = chosen[0] if chosen else self._default
        if signer in self._with_url and not shared.url:
            raise ValueError(f"spec.url: required by {signer}, but missing")
        options = getattr(shared, signer) if chosen else convert({}, self._types[signer], f"spec.{signer}")
        pods = shared.pods if isinstance(shared, ClusterSpec) else None
        return IssuerSpec(
            url=shared.url,
            secret=ObjectKey(SECRET, namespace, shared.auth_secret_name),
            signer=signer,
            options=options,
            allow_annotations=shared.allow_annotations,
            ca_decides_subject_and_usages=shared.ca_decides_subject_and_usages,
            ca_adds_common_name_as_dns_name=bool(shared.ca_adds_common_name_as_dns_name),
            pods=pods.policy(self._obstacles[signer]) if pods else None,
            trust_bundle=isinstance(shared, ClusterSpec) and shared.trust_bundle,
        )


def convert(found: object, into: type[Any], where: str) -> Any:
    """`found` in that type. Raises ValueError that names the field, which lies in `where`, and what is wrong."""
    try:
        return msgspec.convert(found, into, dec_hook=_custom)
    except msgspec.ValidationError as error:
        raise ValueError(field_error(error, where)) from None


def _custom(kind: type[Any], found: object) -> object:
    if kind is Duration:
        return Duration.parse(found)
    raise NotImplementedError(f"{kind.__name__} is no type for a field of a spec; see adapters/spec_fields.py")
