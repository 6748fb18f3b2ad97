"""Certificate signing requests (RFC 2986) put together from DER, as cryptography's builder does not write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support import pki
from tests.support.der import OID, SEQUENCE, SET, UTF8, element

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_ED25519 = bytes.fromhex("300506032b6570")
_PUBLIC_KEY = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

COMMON_NAME = element(OID, bytes.fromhex("550403"))
ORGANIZATION = element(OID, bytes.fromhex("55040a"))
EXTENSION_REQUEST = element(OID, bytes.fromhex("2a864886f70d01090e"))
MICROSOFT_EXTENSION_REQUEST = element(OID, bytes.fromhex("2b06010401823702010e"))
CHALLENGE_PASSWORD = element(OID, bytes.fromhex("2a864886f70d010907"))
SUBJECT_ALTERNATIVE_NAME = element(OID, bytes.fromhex("551d11"))
BASIC_CONSTRAINTS = element(OID, bytes.fromhex("551d13"))
KEY_USAGE = element(OID, bytes.fromhex("551d0f"))
EXTENDED_KEY_USAGE = element(OID, bytes.fromhex("551d25"))
NAME_CONSTRAINTS = element(OID, bytes.fromhex("551d1e"))
UNKNOWN = element(OID, bytes.fromhex("2a0304"))
FALSE, TRUE = element(0x01, b"\x00"), element(0x01, b"\xff")


def name(*sets: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A Name; each set has attributes of an identifier and a string, both encoded."""
    return element(SEQUENCE, *(element(SET, *(element(SEQUENCE, *pair) for pair in each)) for each in sets))


def extension(kind: bytes, value: bytes, critical: bytes = b"") -> bytes:
    """`critical` is an encoded BOOLEAN, or nothing."""
    return element(SEQUENCE, kind, critical, element(0x04, value))


def alternative_names(*names: bytes, critical: bytes = b"") -> bytes:
    return extension(SUBJECT_ALTERNATIVE_NAME, element(SEQUENCE, *names), critical)


def dns(text: str) -> bytes:
    return element(0x82, text.encode())


def attribute(kind: bytes, *values: bytes) -> bytes:
    return element(SEQUENCE, kind, element(SET, *values))


def asked(*extensions: bytes, by: bytes = EXTENSION_REQUEST) -> bytes:
    """The attribute that asks for these extensions."""
    return attribute(by, element(SEQUENCE, *extensions))


APP = name([(COMMON_NAME, element(UTF8, b"app.example.com"))])
NAMES_OF_APP = alternative_names(dns("app.example.com"))


def body(
    *,
    subject: bytes = APP,
    attributes: Iterable[bytes] = (asked(NAMES_OF_APP),),
    version: bytes = element(0x02, b"\0"),
) -> bytes:
    """A CertificationRequestInfo; the attributes stand in it in this order."""
    return element(SEQUENCE, version, subject, _PUBLIC_KEY, element(0xA0, *attributes))


def signed(content: bytes, over: bytes) -> bytes:
    """The PEM of a request with this body, and a signature over these bytes."""
    return pki.armor(element(SEQUENCE, content, _ED25519, element(0x03, b"\0" + KEY.sign(over))))


def request(
    *,
    subject: bytes = APP,
    attributes: Iterable[bytes] = (asked(NAMES_OF_APP),),
    version: bytes = element(0x02, b"\0"),
) -> bytes:
    """The PEM of a request that is signed as it should be."""
    content = body(subject=subject, attributes=attributes, version=version)
    return signed(content, content)


def two_attributes(first: bytes) -> bytes:
    """Asks for other.example.net by this attribute, and for app.example.com by PKCS#9's behind it."""
    return request(attributes=[asked(alternative_names(dns("other.example.net")), by=first), asked(NAMES_OF_APP)])


def with_names(*names: bytes) -> bytes:
    return request(attributes=[asked(alternative_names(*names))])


def with_common_name(tag: int, content: bytes) -> bytes:
    return request(subject=name([(COMMON_NAME, element(tag, content))]))


def with_extension(kind: bytes, value: bytes, critical: bytes = b"") -> bytes:
    return request(attributes=[asked(NAMES_OF_APP, extension(kind, value, critical))])
