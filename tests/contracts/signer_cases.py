"""What the SignerContract asks for: each usage, kinds of names, and what every signer must refuse.

Law: written out from the standards, so that a table in the code under test is compared with another one.
Sources: cert-manager API reference, KeyUsage; RFC 5280 sections 4.2.1.3 and 4.2.1.12.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey

from tests import pki

SERVER = ("digital signature", "key encipherment", "server auth")
KEY_USAGES = {
    "signing": "digital_signature",
    "digital signature": "digital_signature",
    "content commitment": "content_commitment",
    "key encipherment": "key_encipherment",
    "key agreement": "key_agreement",
    "data encipherment": "data_encipherment",
    "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
    "encipher only": "encipher_only",
    "decipher only": "decipher_only",
}
EXTENDED_KEY_USAGES = {
    "any": "2.5.29.37.0",
    "server auth": "1.3.6.1.5.5.7.3.1",
    "client auth": "1.3.6.1.5.5.7.3.2",
    "code signing": "1.3.6.1.5.5.7.3.3",
    "email protection": "1.3.6.1.5.5.7.3.4",
    "s/mime": "1.3.6.1.5.5.7.3.4",
    "ipsec end system": "1.3.6.1.5.5.7.3.5",
    "ipsec tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec user": "1.3.6.1.5.5.7.3.7",
    "timestamping": "1.3.6.1.5.5.7.3.8",
    "ocsp signing": "1.3.6.1.5.5.7.3.9",
    "microsoft sgc": "1.3.6.1.4.1.311.10.3.3",
    "netscape sgc": "2.16.840.1.113730.4.1",
}
NAMES: dict[str, dict[str, Any]] = {
    "one DNS name": {"dns": ["app.example.com"]},
    "several DNS names": {"dns": ["b.example.com", "a.example.com", "xn--mnchen-3ya.example.com"]},
    "a wildcard": {"dns": ["*.example.com"]},
    "IP addresses": {"ips": ["192.0.2.1", "2001:db8::1"]},
    "a URI": {"uris": ["spiffe://example.com/ns/default/sa/app"]},
    "an email address": {"emails": ["ops@example.com"]},
    "one of each": {
        "dns": ["app.example.com"],
        "ips": ["192.0.2.1"],
        "uris": ["https://example.com/app"],
        "emails": ["ops@example.com"],
    },
    "a subject alone": {"common_name": "app.example.com"},
    "subject and DNS name": {"common_name": "app", "dns": ["app.example.com"]},
}


def ca_request(path_length: int | None = None) -> bytes:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return pki.csr(common_name="A CA below", extensions=[(constraints, True)])


def contradicting(extension: x509.ExtensionType) -> bytes:
    return pki.csr(extensions=[(extension, True)])


CLIENT = x509.ObjectIdentifier(EXTENDED_KEY_USAGES["client auth"])
NO_CA = x509.BasicConstraints(ca=False, path_length=None)
REFUSED: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "nothing": (lambda: b"", {}),
    "garbage": (lambda: b"garbage", {}),
    "a PEM block of garbage": (lambda: pki.armor(b"garbage"), {}),
    "a certificate": (lambda: pki.authority().pem, {}),
    "two requests": (lambda: pki.csr() * 2, {}),
    "a request of 40,000 bytes": (lambda: pki.csr() + b"\n" * 40_000, {}),
    "a signature by another key": (pki.csr_signed_by_another_key, {}),
    "SHA-1": (pki.csr_signed_with_sha1, {}),
    "MD5": (pki.csr_signed_with_md5, {}),
    "an RSA key of 1,024 bits": (lambda: pki.csr(pki.key("rsa1024")), {}),
    "a key on a curve that few know": (lambda: pki.csr(pki.key("secp256k1")), {}),
    "an Ed448 key": (lambda: pki.csr(Ed448PrivateKey.generate()), {}),
    "CA in the request alone": (ca_request, {"is_ca": False}),
    "CA in the spec alone": (lambda: contradicting(NO_CA), {"is_ca": True}),
    "other key usages": (lambda: contradicting(pki.usage("data_encipherment")), {"usages": SERVER}),
    "other extended key usages": (lambda: contradicting(x509.ExtendedKeyUsage([CLIENT])), {"usages": SERVER}),
    "cert sign without CA": (pki.csr, {"usages": ("cert sign",)}),
    "an unknown usage": (pki.csr, {"usages": ("world domination",)}),
}
