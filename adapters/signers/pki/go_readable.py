"""Whether Go's crypto/x509 can read a certificate: what it cannot read, cert-manager never takes for Ready.

Only certificates that cryptography has read come here. What Go refuses besides stands in crypto/x509/parser.go of Go
1.26; tests/integration/x509_reader compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.pki import der, names
from adapters.signers.pki.der import Element

_VERSION, _EXTENSIONS = 0xA0, 0xA3
_PURPOSES = bytes.fromhex("551d25")  # 2.5.29.37, extended key usage
_RSA, _ECDSA, _ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"
_CURVES = ("1.2.840.10045.3.1.7", "1.3.132.0.33", "1.3.132.0.34", "1.3.132.0.35")  # P-256, P-224, P-384, P-521
_DOMAIN = re.compile(r"\.?[!-\-/-~]+(\.[!-\-/-~]+)*")
_MAILBOX = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[!-\-/-~]+(\.[!-\-/-~]+)*")
_IP_ADDRESS = re.compile(r"[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")
_NULL = Element(0x05, b"")
_STRINGS = (der.UTF8, der.PRINTABLE, der.IA5, der.NUMERIC, der.TELETEX, der.BMP)
_NEVER_CRITICAL = (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier, x509.AuthorityInformationAccess)


def problem(certificates: Iterable[x509.Certificate]) -> str:
    """Which of the certificates Go cannot read, and why; empty where it reads all of them."""
    for certificate in certificates:
        if why := _problem(certificate):
            return f"Go programs, cert-manager among them, cannot read {certificate.subject.rfc4514_string()!r}: {why}"
    return ""


@lru_cache(maxsize=128)  # CA certificates are in the chain of every certificate
def _problem(certificate: x509.Certificate) -> str:
    return next(_problems(certificate), "")


def _problems(certificate: x509.Certificate) -> Iterator[str]:
    tbs, outer_algorithm, _ = der.read(certificate.public_bytes(Encoding.DER)).children(der.SEQUENCE)
    parts = tbs.children(der.SEQUENCE)
    serial, algorithm, issuer, _, subject, key, *_ = parts[1:] if parts[0].tag == _VERSION else parts
    if serial.content[0] & 0x80:
        yield "its serial number is negative"
    if algorithm != outer_algorithm:
        yield "it names two different signature algorithms"
    yield from _name_problems("issuer", issuer)
    yield from _name_problems("subject", subject)
    yield from _key_problems(key)
    for wrapper in parts:
        if wrapper.tag == _EXTENSIONS:
            yield from _number_problems(der.read(wrapper.content))
    yield from _extension_problems(certificate.extensions)


def _name_problems(which: str, name: Element) -> Iterator[str]:
    for rdn in name.children(der.SEQUENCE):
        for attribute in rdn.children(der.SET):
            kind, value = attribute.children(der.SEQUENCE)
            if value.tag not in _STRINGS or (value.tag == der.IA5 and not value.content.isascii()):
                yield f"its {which} holds a string of ASN.1 type 0x{value.tag:02x} with that content"
            yield from _identifier_problems(kind)


def _identifier_problems(oid: Element) -> Iterator[str]:
    try:
        der.dotted(oid)
    except ValueError as error:
        yield str(error)


def _key_problems(key: Element) -> Iterator[str]:
    algorithm, bits = key.children(der.SEQUENCE)
    kind, *parameters = algorithm.children(der.SEQUENCE)
    yield from _identifier_problems(kind)
    dotted = der.dotted(kind)
    if dotted == _RSA and parameters != [_NULL]:
        yield "its RSA key has parameters other than NULL"
    if dotted == _RSA and len(der.read(bits.content[1:]).children(der.SEQUENCE)[1].content) > 8:
        yield "the public exponent of its RSA key has more than 64 bits"
    if dotted == _ED25519 and len(bits.content) != 33:
        yield "its Ed25519 key has another length than 32 bytes"
    if dotted != _ECDSA:
        return
    if len(parameters) != 1 or parameters[0].tag != der.OID or der.dotted(parameters[0]) not in _CURVES:
        yield "its key is on a curve other than P-224, P-256, P-384 and P-521"
    elif bits.content[1:2] != b"\x04":
        yield "its key is not an uncompressed point"


def _number_problems(extensions: Element) -> Iterator[str]:
    """Numbers in the identifiers of extensions and purposes, of which Go reads no large ones."""
    for extension in extensions.children(der.SEQUENCE):
        kind, *_, value = extension.children(der.SEQUENCE)
        yield from _identifier_problems(kind)
        if kind.content == _PURPOSES:
            for purpose in der.read(value.content).children(der.SEQUENCE):
                yield from _identifier_problems(purpose)


def _extension_problems(extensions: x509.Extensions) -> Iterator[str]:
    for extension in extensions:
        value = extension.value
        if extension.critical and isinstance(value, _NEVER_CRITICAL):
            yield f"its extension {extension.oid.dotted_string} is critical, which RFC 5280 forbids"
        if isinstance(value, x509.CertificatePolicies) and len({each.policy_identifier for each in value}) < len(value):
            yield "it holds a policy twice"
        if isinstance(value, x509.SubjectAlternativeName):
            yield from (_unreadable(name) for name in value if not _is_readable_name(name))
        if isinstance(value, x509.NameConstraints):
            limits = [*(value.permitted_subtrees or ()), *(value.excluded_subtrees or ())]
            yield from (
                f"the name constraint {_unreadable(limit)}" for limit in limits if not _is_readable_limit(limit)
            )


def _unreadable(name: x509.GeneralName) -> str:
    return f"{names.text(name)} is malformed"


def _is_readable_name(name: x509.GeneralName) -> bool:
    match name:
        case x509.UniformResourceIdentifier():
            return names.is_absolute_uri(name.value)
        case x509.IPAddress():
            return not isinstance(name.value, IPv4Network | IPv6Network)
    return True


def _is_readable_limit(limit: x509.GeneralName) -> bool:
    """Of a name constraint (RFC 5280 section 4.2.1.10)."""
    match limit:
        case x509.DNSName():
            return not limit.value or bool(_DOMAIN.fullmatch(limit.value))
        case x509.RFC822Name():
            return bool((_MAILBOX if "@" in limit.value else _DOMAIN).fullmatch(limit.value))
        case x509.UniformResourceIdentifier():
            return bool(_DOMAIN.fullmatch(limit.value)) and not _IP_ADDRESS.fullmatch(limit.value)
    return True
