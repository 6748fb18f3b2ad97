"""The table of Certificates: cert-manager makes key and CSR, and this must be in the Secret in the end.

Both sides are written by hand.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from entrypoints.issuer import NAMES
from tests.e2e.shapes.issuers import CLUSTER_CHAIN
from tests.e2e.shapes.names import ALTERNATIVE_NAMES, SUBJECTS
from tests.e2e.shapes.shape import ENDS_WITH_ITS_CA, Row, Shape
from tests.e2e.shapes.usages import BITS, CA_USAGES, CLIENT_AUTH, PURPOSES, SERVER_AUTH, named

PKCS1, SEC1, PKCS8 = "RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"


def _key(name: str, key: str, label: str, **asked: Any) -> Row:
    return Row(name, Shape(key=key), encoding=label, spec={"privateKey": asked})


KEYS = [
    _key("key-unsaid", "RSA 2048", PKCS1),
    _key("rsa-2048", "RSA 2048", PKCS1, algorithm="RSA", size=2048, encoding="PKCS1"),
    _key("rsa-3072", "RSA 3072", PKCS1, algorithm="RSA", size=3072, encoding="PKCS1"),
    _key("rsa-4096", "RSA 4096", PKCS1, algorithm="RSA", size=4096, encoding="PKCS1"),
    _key("rsa-2048-pkcs8", "RSA 2048", PKCS8, algorithm="RSA", size=2048, encoding="PKCS8"),
    _key("rsa-3072-pkcs8", "RSA 3072", PKCS8, algorithm="RSA", size=3072, encoding="PKCS8"),
    _key("rsa-4096-pkcs8", "RSA 4096", PKCS8, algorithm="RSA", size=4096, encoding="PKCS8"),
    _key("p256", "ECDSA 256", SEC1, algorithm="ECDSA", size=256, encoding="PKCS1"),
    _key("p384", "ECDSA 384", SEC1, algorithm="ECDSA", size=384, encoding="PKCS1"),
    _key("p521", "ECDSA 521", SEC1, algorithm="ECDSA", size=521, encoding="PKCS1"),
    _key("p256-pkcs8", "ECDSA 256", PKCS8, algorithm="ECDSA", size=256, encoding="PKCS8"),
    _key("p384-pkcs8", "ECDSA 384", PKCS8, algorithm="ECDSA", size=384, encoding="PKCS8"),
    _key("p521-pkcs8", "ECDSA 521", PKCS8, algorithm="ECDSA", size=521, encoding="PKCS8"),
    _key("ed25519", "Ed25519", PKCS8, algorithm="Ed25519"),  # there is no other encoding for it
    _key("ed25519-pkcs8", "Ed25519", PKCS8, algorithm="Ed25519", encoding="PKCS8"),
    Row("csr-signed-with-sha512", Shape(), spec={"signatureAlgorithm": "ECDSAWithSHA512"}),
]

USAGES = [
    *(Row(f"usage-{named(words[0])}", Shape(usages=bits), spec={"usages": words}) for words, bits in BITS),
    *(
        Row(f"purpose-{named(word)}", Shape(usages=frozenset(), purposes=frozenset({oid})), spec={"usages": [word]})
        for word, oid in PURPOSES
    ),
    Row(
        "usages-of-both-kinds",
        Shape(usages=frozenset({"digital_signature"}), purposes=frozenset({SERVER_AUTH, CLIENT_AUTH})),
        spec={"usages": ["client auth", "digital signature", "server auth"]},
    ),
    Row(
        "usages-not-in-the-csr",
        Shape(usages=frozenset({"key_agreement"}), purposes=frozenset({SERVER_AUTH})),
        spec={"usages": ["key agreement", "server auth"], "encodeUsagesInRequest": False},
    ),
]


def _constrained(name: str, *expected: str, critical: bool, **said: Any) -> Row:
    shape = Shape(is_ca=True, usages=CA_USAGES, constraints=expected, constraints_critical=critical)
    return Row(name, shape, spec={"isCA": True, "nameConstraints": {"critical": critical, **said}})


CAS = [
    Row("ca", Shape(is_ca=True, usages=CA_USAGES), spec={"isCA": True}),
    Row(
        "ca-usages",
        Shape(is_ca=True, usages=frozenset({"key_cert_sign", "crl_sign"})),
        spec={"isCA": True, "usages": ["cert sign", "crl sign"]},
    ),
    Row(
        "ca-cert-sign-alone",
        Shape(is_ca=True, usages=frozenset({"key_cert_sign"})),
        spec={"isCA": True, "usages": ["cert sign"]},
    ),
    _constrained(
        "ca-permitted-names",
        *("permitted DNS:example.com", "permitted IP:192.0.2.0/24"),
        *("permitted email:example.com", "permitted URI:.example.com"),
        critical=True,
        permitted={
            "dnsDomains": ["example.com"],
            "ipRanges": ["192.0.2.0/24"],
            "emailAddresses": ["example.com"],
            "uriDomains": [".example.com"],
        },
    ),
    _constrained(
        "ca-excluded-names",
        *("excluded DNS:internal.example.com", "excluded IP:2001:db8::/32"),
        critical=False,
        excluded={"dnsDomains": ["internal.example.com"], "ipRanges": ["2001:db8::/32"]},
    ),
    _constrained(
        "ca-permitted-and-excluded-names",
        *("permitted DNS:example.com", "permitted DNS:example.org", "excluded DNS:a.example.com"),
        critical=True,
        permitted={"dnsDomains": ["example.com", "example.org"]},
        excluded={"dnsDomains": ["a.example.com"]},
    ),
]

DURATIONS = [
    Row("duration-1h", Shape(duration=timedelta(hours=1)), spec={"duration": "1h"}),
    Row("duration-36h30m", Shape(duration=timedelta(hours=36, minutes=30)), spec={"duration": "36h30m"}),
    Row("duration-1-year", Shape(duration=timedelta(days=365)), spec={"duration": "8760h"}),
    Row("duration-within-the-ca", Shape(duration=timedelta(hours=2)), "ending", spec={"duration": "2h"}),
    Row("duration-past-the-ca", Shape(duration=ENDS_WITH_ITS_CA), "ending", spec={"duration": "24h"}),
    Row("duration-unsaid-past-the-ca", Shape(duration=ENDS_WITH_ITS_CA), "ending"),
]

CHAINS = [
    Row("chain", Shape(), "chain"),
    Row("chain-from-a-shuffled-bundle", Shape(), "shuffled"),
    Row("chain-without-a-root", Shape(), "rootless"),
    Row("chain-below-which-is-a-ca", Shape(is_ca=True, usages=CA_USAGES), "chain", spec={"isCA": True}),
    Row(
        "chain-of-a-cluster-issuer",
        Shape(),
        CLUSTER_CHAIN,
        spec={"issuerRef": {"group": NAMES.group, "kind": NAMES.cluster_issuer, "name": CLUSTER_CHAIN}},
    ),
    *(Row(f"signed-by-{kind}", Shape(), kind) for kind in ("rsa", "p384", "p521", "ed25519")),
]

CERTIFICATES = [*KEYS, *ALTERNATIVE_NAMES, *SUBJECTS, *USAGES, *CAS, *DURATIONS, *CHAINS]
