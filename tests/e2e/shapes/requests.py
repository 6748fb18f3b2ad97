"""Requests whose CSR is made here: what cert-manager's Certificates cannot ask for, and Kubernetes' own CSRs.

As in the table of Certificates. A CertificateRequest says isCA and duration, a CertificateSigningRequest
expirationSeconds, and the rest in cert-manager's annotations.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.x509.name import _ASN1Type as StringType
from cryptography.x509.oid import NameOID

from tests.e2e.shapes.issuers import CLUSTER_CHAIN, CLUSTER_DEMO
from tests.e2e.shapes.names import UPN
from tests.e2e.shapes.shape import Row, Shape
from tests.e2e.shapes.usages import BITS, CA_USAGES, CLIENT_AUTH, PURPOSES, SERVER_AUTH, named
from tests.support import pki

DURATION = "experimental.cert-manager.io/request-duration"
IS_CA = "experimental.cert-manager.io/request-is-ca"
LONG_HOST = f"{'h' * 60}.{'i' * 60}.example.com"


def _cn(value: str, type_: StringType = StringType.UTF8String) -> x509.NameAttribute[str]:
    with warnings.catch_warnings(action="ignore"):  # of values that are too long for RFC 5280, which people do use
        return x509.NameAttribute(NameOID.COMMON_NAME, value, type_, _validate=False)


def _o(value: str, type_: StringType = StringType.UTF8String) -> x509.NameAttribute[str]:
    return x509.NameAttribute(NameOID.ORGANIZATION_NAME, value, type_)


def _subject(*rdns: list[x509.NameAttribute[str]]) -> x509.Name:
    return x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in rdns])


STRING_TYPES = _subject(
    [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "com", StringType.IA5String)],
    [_o("Zürich", StringType.BMPString)],
    [_o("Acme", StringType.T61String)],
    [_o("Acme")],
    [_o("Acme", StringType.PrintableString)],
    [_cn("42", StringType.NumericString)],
)
STRINGS = ("DC=ia5:com", "O=bmp:Zürich", "O=t61:Acme", "O=utf8:Acme", "O=Acme", "CN=numeric:42")
MULTI_VALUED = _subject([_cn("app"), _o("A")], [_o("Acme", StringType.PrintableString), _o("Beta")])
VALUES = ("O=utf8:A+CN=utf8:app", "O=utf8:Beta+O=Acme")
"""In a SET the order of DER counts (X.690 section 11.6), not that in which they were named."""


def _request(name: str, shape: Shape, csr: Mapping[str, Any], **spec: Any) -> Row:
    return Row(name, shape, spec=spec, csr=csr)


def _path_length(length: int) -> Row:
    shape = Shape(is_ca=True, path_length=length, usages=CA_USAGES)
    limits = x509.BasicConstraints(ca=True, path_length=length)
    return _request(f"path-length-{length}", shape, {"extensions": [(limits, True)]}, isCA=True)


REQUESTS = [
    _path_length(0),
    _path_length(2),
    _request("string-types", Shape(subject=STRINGS, names_critical=False), {"subject": STRING_TYPES}),
    _request("multi-valued", Shape(subject=VALUES, names_critical=False), {"subject": MULTI_VALUED}),
    _request(
        "common-name-longer-than-64",
        Shape(subject=(f"CN=utf8:{LONG_HOST}",), names=(f"DNS:{LONG_HOST}",), names_critical=False),
        {"subject": _subject([_cn(LONG_HOST)]), "dns": [LONG_HOST]},
    ),
    _request("request-for-2h", Shape(duration=timedelta(hours=2)), {}, duration="2h"),
    _request(
        "usages-in-csr-and-spec",
        Shape(usages=frozenset({"key_agreement"})),
        {"extensions": [(pki.usage("key_agreement"), True)]},
        usages=["key agreement"],
    ),
]


def _signing_request(
    name: str,
    shape: Shape,
    *,
    issuer: str = CLUSTER_DEMO,
    usages: tuple[str, ...] = ("digital signature", "key encipherment"),
    seconds: int | None = None,
    annotations: Mapping[str, str] | None = None,
    **csr: Any,
) -> Row:
    """They are cluster-scoped, hence the longer name."""
    spec = {"usages": usages} | ({} if seconds is None else {"expirationSeconds": seconds})
    return Row(f"shapes-{name}", shape, issuer, spec=spec, csr=csr, annotations=annotations or {})


KEYS = [
    _signing_request("rsa-2048", Shape(key="RSA 2048"), key="rsa2048"),
    _signing_request("rsa-3072", Shape(key="RSA 3072"), key="rsa3072"),
    _signing_request("rsa-4096", Shape(key="RSA 4096"), key="rsa4096"),
    _signing_request("p256", Shape(key="ECDSA 256"), key="p256"),
    _signing_request("p384", Shape(key="ECDSA 384"), key="p384"),
    _signing_request("p521", Shape(key="ECDSA 521"), key="p521"),
    _signing_request("ed25519", Shape(key="Ed25519"), key="ed25519"),
]

USAGES = [
    *(_signing_request(f"usage-{named(words[0])}", Shape(usages=bits), usages=words) for words, bits in BITS),
    *(
        _signing_request(f"purpose-{named(word)}", Shape(usages=frozenset(), purposes=frozenset({oid})), usages=(word,))
        for word, oid in PURPOSES
    ),
]

NAMES = [
    _signing_request(
        "kubelet",
        Shape(
            subject=("O=utf8:system:nodes", "CN=utf8:system:node:a"),
            names=("DNS:a.example.com", "IP:192.0.2.3"),
            names_critical=False,
            usages=frozenset({"digital_signature"}),
            purposes=frozenset({SERVER_AUTH, CLIENT_AUTH}),
        ),
        usages=("digital signature", "server auth", "client auth"),
        subject=_subject([_o("system:nodes")], [_cn("system:node:a")]),
        dns=["a.example.com"],
        ips=["192.0.2.3"],
    ),
    _signing_request(
        "names-of-every-kind",
        Shape(names=("DNS:*.example.com", "IP:2001:db8::1", "URI:spiffe://example.com/a", "email:a@example.com")),
        dns=["*.example.com"],
        ips=["2001:db8::1"],
        uris=["spiffe://example.com/a"],
        emails=["a@example.com"],
    ),
    _signing_request(
        "other-name",
        Shape(names=(f"{UPN}:utf8:jo",)),
        dns=[],
        others=[x509.OtherName(x509.ObjectIdentifier(UPN), b"\x0c\x02jo")],
    ),
    _signing_request("string-types", Shape(subject=STRINGS, names_critical=False), subject=STRING_TYPES),
    _signing_request("multi-valued", Shape(subject=VALUES, names_critical=False), subject=MULTI_VALUED),
]

SIGNING_REQUESTS = [
    *KEYS,
    *USAGES,
    *NAMES,
    _signing_request("10-minutes", Shape(duration=timedelta(minutes=10)), seconds=600),
    _signing_request("1-day", Shape(duration=timedelta(days=1)), seconds=86_400),
    _signing_request("chain", Shape(), issuer=CLUSTER_CHAIN),
    _signing_request("annotated-duration", Shape(duration=timedelta(days=2)), annotations={DURATION: "48h"}),
    _signing_request(
        "annotated-ca",
        Shape(is_ca=True, path_length=1, usages=frozenset({"key_cert_sign", "crl_sign"})),
        usages=("cert sign", "crl sign"),
        annotations={IS_CA: "true"},
        extensions=[(x509.BasicConstraints(ca=True, path_length=1), True)],
    ),
]

CERT_SIGN = _signing_request("cert-sign", Shape(), usages=("cert sign",))
"""Asks for what is a CA's, and has no annotation that would make it one (RFC 5280 section 4.2.1.9)."""
