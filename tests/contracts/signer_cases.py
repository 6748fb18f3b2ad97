"""What the SignerContract asks for: each usage, kinds of names, and what every signer must refuse.

Written out from the standards, so that a table in the code under test is compared with another one.
Sources: cert-manager API reference, KeyUsage; RFC 5280 sections 4.2.1.3 and 4.2.1.12.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtensionOID, NameOID

from tests.support import der, pki
from tests.support.raw_csr import (
    EXTENSION_REQUEST,
    MICROSOFT_EXTENSION_REQUEST,
    NAMES_OF_APP,
    asked,
    request,
    two_attributes,
)

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


def text(value: str) -> bytes:
    """A UTF8String, which is what most otherNames hold."""
    return der.element(der.UTF8, value.encode())


def oid(dotted: str) -> x509.ObjectIdentifier:
    return x509.ObjectIdentifier(dotted)


# Microsoft's user principal name, as in cert-manager's example
PRINCIPAL = x509.OtherName(oid("1.3.6.1.4.1.311.20.2.3"), text("app@example.com"))
MAILBOX = x509.OtherName(oid("1.3.6.1.5.5.7.8.9"), text("büro@bücher.example"))  # RFC 9598
DEVICE = x509.OtherName(oid("1.3.6.1.5.5.7.8.3"), der.element(der.SEQUENCE, text("serial 7")))  # RFC 4043
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
    "an otherName alone": {"others": [PRINCIPAL]},
    "several otherNames beside the others": {
        "dns": ["app.example.com"],
        "ips": ["2001:db8::1"],
        "uris": ["https://example.com/app"],
        "emails": ["ops@example.com"],
        "others": [PRINCIPAL, MAILBOX, DEVICE, x509.OtherName(MAILBOX.type_id, text("zwei@bücher.example"))],
    },
    "names of seldom kinds": {"others": [x509.DirectoryName(pki.name("elsewhere")), x509.RegisteredID(oid("1.2.3.4"))]},
    "a DNS name of 253 characters": {"dns": [".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 61])]},
    "a hundred names": {
        "dns": [f"app-{number}.example.com" for number in range(40)],
        "ips": [f"192.0.2.{number}" for number in range(20)] + [f"2001:db8::{number:x}" for number in range(20)],
        "uris": [f"spiffe://example.com/ns/default/sa/app-{number}" for number in range(10)],
        "emails": [f"ops-{number}@example.com" for number in range(10)],
    },
    "a subject alone": {"common_name": "app.example.com"},
    "subject and DNS name": {"common_name": "app", "dns": ["app.example.com"]},
}


def rdn(*attributes: tuple[x509.ObjectIdentifier, str, _ASN1Type]) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(*attribute) for attribute in attributes])


def one(
    kind: x509.ObjectIdentifier, value: str, string: _ASN1Type = _ASN1Type.UTF8String
) -> x509.RelativeDistinguishedName:
    return rdn((kind, value, string))


# Of a DirectoryString's five (RFC 5280 section 4.1.2.4) the four that Go reads, and what some attributes have instead.
STRINGS = {
    "PrintableString": _ASN1Type.PrintableString,
    "UTF8String": _ASN1Type.UTF8String,
    "IA5String": _ASN1Type.IA5String,
    "TeletexString": _ASN1Type.T61String,
    "BMPString": _ASN1Type.BMPString,
    "NumericString": _ASN1Type.NumericString,
}
SUBJECTS = {
    "nothing": x509.Name([]),
    "a common name": pki.name("app"),
    "an order of its own": x509.Name(
        [
            one(NameOID.COMMON_NAME, "app"),
            one(NameOID.ORGANIZATION_NAME, "Company"),
            one(NameOID.COUNTRY_NAME, "DE", _ASN1Type.PrintableString),
            one(NameOID.ORGANIZATIONAL_UNIT_NAME, "second"),
            one(NameOID.ORGANIZATIONAL_UNIT_NAME, "first"),
            one(NameOID.ORGANIZATION_NAME, "Company"),
        ]
    ),
    "as LDAP has it": x509.Name(
        [
            one(NameOID.DOMAIN_COMPONENT, "com", _ASN1Type.IA5String),
            one(NameOID.DOMAIN_COMPONENT, "example", _ASN1Type.IA5String),
            one(NameOID.ORGANIZATIONAL_UNIT_NAME, "Users"),
            one(NameOID.USER_ID, "jdoe"),
        ]
    ),
    "unusual attributes": x509.Name(
        [
            one(NameOID.SERIAL_NUMBER, "1234-5", _ASN1Type.PrintableString),
            one(NameOID.EMAIL_ADDRESS, "ops@example.com", _ASN1Type.IA5String),
            one(NameOID.GIVEN_NAME, "Jürgen"),
            one(oid("1.3.6.1.4.1.99999.1"), "known to nobody"),
        ]
    ),
    "several values in one RDN": x509.Name(
        [
            one(NameOID.ORGANIZATION_NAME, "Company"),
            rdn(
                (NameOID.COMMON_NAME, "app", _ASN1Type.UTF8String),
                (NameOID.USER_ID, "7", _ASN1Type.PrintableString),
                (NameOID.ORGANIZATIONAL_UNIT_NAME, "Team", _ASN1Type.UTF8String),
            ),
        ]
    ),
    "two common names": x509.Name([one(NameOID.COMMON_NAME, "first"), one(NameOID.COMMON_NAME, "second")]),
    "a common name that is no name": x509.Name([one(NameOID.COMMON_NAME, 'Über <uns> & "euch" #1, \\ + 2')]),
    **{
        f"a {kind}": x509.Name([one(NameOID.ORGANIZATION_NAME, "20 30", string), one(NameOID.COMMON_NAME, "7", string)])
        for kind, string in STRINGS.items()
    },
}


def subtree(*kinds: str) -> list[x509.GeneralName]:
    """Of each kind one, or two."""
    found: dict[str, list[x509.GeneralName]] = {
        "dns": [x509.DNSName("example.com"), x509.DNSName(".internal.example")],
        "ip": [x509.IPAddress(ip_network("10.0.0.0/8")), x509.IPAddress(ip_network("2001:db8::/32"))],
        "email": [x509.RFC822Name("example.com"), x509.RFC822Name("ops@example.org")],
        "uri": [x509.UniformResourceIdentifier(".example.com")],
        "directory": [x509.DirectoryName(pki.name("A CA below"))],
    }
    return [name for kind in kinds for name in found[kind]]


CONSTRAINTS = {
    "one domain permitted": x509.NameConstraints([x509.DNSName("example.com")], None),
    "one domain excluded": x509.NameConstraints(None, [x509.DNSName("example.com")]),
    "all kinds permitted": x509.NameConstraints(subtree("dns", "ip", "email", "uri", "directory"), None),
    "all kinds excluded": x509.NameConstraints(None, subtree("dns", "ip", "email", "uri")),
    "some permitted, some excluded": x509.NameConstraints(subtree("ip", "dns"), subtree("email", "uri")),
}


def ca_request(path_length: int | None = None, *extensions: tuple[x509.ExtensionType, bool]) -> bytes:
    constraints = x509.BasicConstraints(ca=True, path_length=path_length)
    return pki.csr(common_name="A CA below", extensions=[(constraints, True), *extensions])


def unreadable(name: bytes) -> bytes:
    """A request with a DNS name and with an alternative name as these bytes have it."""
    dns = der.element(0x82, b"app.example.com")
    names = x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, der.element(der.SEQUENCE, dns, name))
    return pki.csr(common_name="app", extensions=[(names, False)])


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
    "an x400Address": (lambda: unreadable(der.element(0xA3, der.element(der.SEQUENCE))), {}),
    "an ediPartyName": (lambda: unreadable(der.element(0xA5, der.element(0xA1, text("a party")))), {}),
    "a DNS name that is not ASCII": (lambda: unreadable(der.element(0x82, "bücher.example".encode())), {}),
    "a DNS name with a NUL": (lambda: unreadable(der.element(0x82, b"example.com\0.evil.test")), {}),
    "a DNS name without a character": (lambda: unreadable(der.element(0x82)), {}),
    "an e-mail address that is not ASCII": (lambda: unreadable(der.element(0x81, "büro@example.com".encode())), {}),
    "a URI that is not ASCII": (lambda: unreadable(der.element(0x86, "https://example.com/ü".encode())), {}),
    "a subject in a UniversalString": (
        lambda: pki.csr(subject=x509.Name([one(NameOID.COMMON_NAME, "app", _ASN1Type.UniversalString)])),
        {},
    ),
    "a NUL in the subject": (lambda: pki.csr(subject=x509.Name([one(NameOID.COMMON_NAME, "app\0")])), {}),
    "extensions in Microsoft's attribute": (lambda: two_attributes(MICROSOFT_EXTENSION_REQUEST), {}),
    "extensions in two attributes": (lambda: two_attributes(EXTENSION_REQUEST), {}),
    "an extension twice": (lambda: request(attributes=[asked(NAMES_OF_APP, NAMES_OF_APP)]), {}),
    "an IP network": (lambda: unreadable(der.element(0x87, b"\x0a\0\0\0\xff\0\0\0")), {}),
    "purposes that no usages ask for": (lambda: contradicting(x509.ExtendedKeyUsage([CLIENT])), {}),
    "an IP address of three bytes": (lambda: unreadable(der.element(0x87, b"\xc0\x00\x02")), {}),
    "CA in the request alone": (ca_request, {"is_ca": False}),
    "CA in the spec alone": (lambda: contradicting(NO_CA), {"is_ca": True}),
    "other key usages": (lambda: contradicting(pki.usage("data_encipherment")), {"usages": SERVER}),
    "other extended key usages": (lambda: contradicting(x509.ExtendedKeyUsage([CLIENT])), {"usages": SERVER}),
    "cert sign without CA": (pki.csr, {"usages": ("cert sign",)}),
    "an unknown usage": (pki.csr, {"usages": ("world domination",)}),
}
