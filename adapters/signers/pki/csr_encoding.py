"""How a certificate signing request is encoded: every reader understands the same, or it is refused.

Go's crypto/x509, and with it the API server, cert-manager and every approver, reads encodings that cryptography
refuses, and cryptography reads some that Go reads otherwise. This module
- refuses what the two read differently, and what Go does not read;
- rewrites what Go reads and cryptography does not, where there is no doubt about its meaning: SETs in any order, FALSE
  written out although it is the default, a version number other than 0, `*` and `&` in a PrintableString;
- leaves out the attributes and extensions that no certificate is made from.

Formats: RFC 2986 (PKCS#10), RFC 2985 section 5.4.2 (extensionRequest), RFC 5280 section 4.1.2.4 (strings in names).
tests/integration/x509_reader compares the result with what Go reads.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography import x509

from adapters.signers.pki import der
from adapters.signers.pki.der import Element, element

_ATTRIBUTES = 0xA0
_VERSIONS = [Element(der.INTEGER, bytes([number])) for number in range(3)]
_FALSE, _TRUE = Element(der.BOOLEAN, b"\x00"), Element(der.BOOLEAN, b"\xff")
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_MICROSOFT_EXTENSION_REQUEST = "1.3.6.1.4.1.311.2.1.14"
_NAMES, _CONSTRAINTS, _PURPOSES, _NAME_CONSTRAINTS = "2.5.29.17", "2.5.29.19", "2.5.29.37", "2.5.29.30"
_KEY_USAGE = "2.5.29.15"
_READ = (_NAMES, _CONSTRAINTS, _PURPOSES, _NAME_CONSTRAINTS, _KEY_USAGE)
_IP_ADDRESS, _X400_ADDRESS, _DIRECTORY_NAME, _EDI_PARTY_NAME = 0x87, 0xA3, 0xA4, 0xA5
_STRINGS = {
    der.UTF8: "a UTF8String",
    der.BMP: "a BMPString",
    der.PRINTABLE: "a PrintableString",
    der.IA5: "an IA5String",
    der.NUMERIC: "a NumericString",
    der.TELETEX: "a TeletexString (T61String)",  # beyond ASCII, Go reads it in requests otherwise than in certificates
}
_STRING_CODECS = {der.UTF8: "utf-8", der.BMP: "utf-16-be"}
_ALPHABETS = {
    der.PRINTABLE: frozenset(string.ascii_letters + string.digits + " '()+,-./:=?"),
    der.NUMERIC: frozenset(string.digits + " "),
}
_REMEDY = "use UTF8String"


@dataclass(frozen=True, slots=True)
class Encoding:
    """A request in DER that cryptography reads; `signed` are the bytes under the requester's signature, as received.

    `public_key` is the SubjectPublicKeyInfo in DER. `ignored` are the requested extensions that are left out: their
    values in DER, by their identifiers.
    """

    request: bytes
    signed: bytes
    public_key: bytes
    ignored: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Extension:
    """A requested extension; `value` is the OCTET STRING around its DER."""

    kind: Element
    critical: bool
    value: Element


def normalize(request: bytes) -> Encoding:
    """ValueError, naming the structure and the field, for what is no PKCS#10 request or could be read in two ways."""
    info, algorithm, signature = _parts("CertificationRequest", _whole(request), 3)
    _require_readable_algorithm(algorithm)
    version, subject, key, attributes = _parts("CertificationRequestInfo", info, 4)
    if version not in _VERSIONS:
        raise ValueError("the version is not 1 (written as 0), nor 2 or 3, which devices write")
    extensions = _requested(attributes)
    for kind, extension in extensions.items():
        _require_readable(kind, extension)
    content = [_VERSIONS[0], _name(subject, "subject"), key, _strict_attributes(extensions)]
    whole = element(der.SEQUENCE, [element(der.SEQUENCE, content), algorithm, signature])
    ignored = {kind: extension.value.content for kind, extension in extensions.items() if kind not in _READ}
    return Encoding(whole.encode(), info.encode(), key.encode(), ignored)


def _whole(request: bytes) -> Element:
    try:
        return der.read(request)
    except ValueError as error:
        raise ValueError(f"CertificationRequest: {error}") from None


def _parts(structure: str, sequence: Element, count: int) -> list[Element]:
    try:
        parts = sequence.children(der.SEQUENCE)
    except ValueError as error:
        raise ValueError(f"{structure}: {error}") from None
    if len(parts) != count:
        raise ValueError(f"{structure} has {len(parts)} parts, not {count} (RFC 2986 section 4)")
    return parts


def _require_readable_algorithm(algorithm: Element) -> None:
    """ValueError for RSASSA-PSS with parameters that Go does not read (RFC 4055 section 3.1)."""
    kind, *parameters = algorithm.children(der.SEQUENCE)
    if kind.content == _PSS and parameters not in ([each] for each in _PSS_PARAMETERS):
        raise ValueError(
            "it is signed with RSASSA-PSS, with parameters that Go does not read: use SHA-256, SHA-384 or SHA-512 for "
            "signature and MGF1, and a salt as long as the digest"
        )


def _pss_parameters(digest: int, size: int) -> Element:
    """`digest` is the last number of its identifier below 2.16.840.1.101.3.4.2, `size` the length of its output."""
    oid = Element(der.OID, bytes.fromhex("6086480165030402") + bytes([digest]))
    hashing = element(der.SEQUENCE, [oid, Element(0x05, b"")])
    masking = element(der.SEQUENCE, [Element(der.OID, bytes.fromhex("2a864886f70d010108")), hashing])
    salt = Element(der.INTEGER, bytes([size]))
    parts = [element(0xA0 + place, [part]) for place, part in enumerate((hashing, masking, salt))]
    return element(der.SEQUENCE, parts)


_PSS = bytes.fromhex("2a864886f70d01010a")  # 1.2.840.113549.1.1.10
_PSS_PARAMETERS = [_pss_parameters(1, 32), _pss_parameters(2, 48), _pss_parameters(3, 64)]


def _name(name: Element, where: str) -> Element:
    """A Name whose sets are sorted and whose strings keep to their types."""
    return element(der.SEQUENCE, [_sorted_set(_attribute(each, where) for each in rdn) for rdn in _sets(name, where)])


def _sets(name: Element, where: str) -> list[list[Element]]:
    try:
        sets = [rdn.children(der.SET) for rdn in name.children(der.SEQUENCE)]
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None
    if not all(sets):
        raise ValueError(f"{where}: a set of attributes is empty")
    return sets


def _attribute(attribute: Element, where: str) -> Element:
    try:
        kind, value = attribute.children(der.SEQUENCE)
        dotted = der.dotted(kind)
    except ValueError:
        raise ValueError(f"{where}: an attribute is not type and value") from None
    try:
        return element(der.SEQUENCE, [kind, _string(value)])
    except ValueError as error:
        shown = x509.NameAttribute(x509.ObjectIdentifier(dotted), "xx").rfc4514_attribute_name
        raise ValueError(f"{where}: {shown} {error}") from None


def _string(value: Element) -> Element:
    """A string of a name, where all programs read the same text in it (RFC 5280 section 4.1.2.4)."""
    text = _text(value)
    if "\0" in text:
        raise ValueError("holds a NUL, at which many programs end the name; remove it")
    alphabet = _ALPHABETS.get(value.tag)
    if alphabet is None or alphabet.issuperset(text):
        return value
    if value.tag == der.PRINTABLE and alphabet.issuperset(text.replace("*", "").replace("&", "")):
        return Element(der.UTF8, value.content)  # Go reads these two, and devices write them
    raise ValueError(f"is {_STRINGS[value.tag]} with characters that this type does not have; {_REMEDY}")


def _text(value: Element) -> str:
    if value.tag not in _STRINGS:
        raise ValueError(f"has a value of ASN.1 type 0x{value.tag:02x}, which Go does not read; {_REMEDY}")
    try:
        text = value.content.decode(_STRING_CODECS.get(value.tag, "ascii"))
    except UnicodeDecodeError:
        raise ValueError(f"is {_STRINGS[value.tag]} with bytes that programs read differently; {_REMEDY}") from None
    if value.tag == der.BMP and not all(_is_ucs2(ord(character)) for character in text):
        raise ValueError(f"is a BMPString with characters that Go does not read in certificates; {_REMEDY}")
    return text


def _is_ucs2(code: int) -> bool:
    """Whether it is one unit of 16 bits, and none of Unicode's noncharacters."""
    return code < 0xFFFE and not 0xFDD0 <= code <= 0xFDEF


def _requested(attributes: Element) -> dict[str, _Extension]:
    """The extensions that the request asks for, by their identifiers."""
    found = [_type_and_values(each) for each in attributes.children(_ATTRIBUTES)]
    if any(kind == _MICROSOFT_EXTENSION_REQUEST for kind, _ in found):
        raise ValueError(
            f"it asks for extensions in Microsoft's attribute {_MICROSOFT_EXTENSION_REQUEST}, which approvers do not "
            f"read; ask for them in PKCS#9's alone, {_EXTENSION_REQUEST}"
        )
    lists = [values for kind, values in found if kind == _EXTENSION_REQUEST]
    if len(lists) > 1 or any(len(values) != 1 for values in lists):
        raise ValueError(
            f"it asks for extensions more than once (attribute {_EXTENSION_REQUEST}); put them into one list"
        )
    extensions: dict[str, _Extension] = {}
    for each in lists[0][0].children(der.SEQUENCE) if lists else ():
        extension = _extension(each)
        kind = der.dotted(extension.kind)
        if kind in extensions:
            raise ValueError(f"it asks for the extension {kind} twice; leave one of them out")
        extensions[kind] = extension
    return extensions


def _type_and_values(attribute: Element) -> tuple[str, list[Element]]:
    try:
        kind, values = attribute.children(der.SEQUENCE)
        return der.dotted(kind), values.children(der.SET)
    except ValueError:
        raise ValueError("an attribute is not type and set of values (RFC 2986 section 4.1)") from None


def _extension(extension: Element) -> _Extension:
    kind, *critical, value = extension.children(der.SEQUENCE) or [_FALSE, _FALSE]
    if value.tag != der.OCTET_STRING or critical not in ([], [_FALSE], [_TRUE]):
        raise ValueError("an extension is not identifier, criticality and value (RFC 5280 section 4.1)")
    return _Extension(kind, critical == [_TRUE], value)


def _strict_attributes(extensions: Mapping[str, _Extension]) -> Element:
    """One attribute, which asks for those extensions that a certificate is made from."""
    asked = [_strict_extension(kind, extension) for kind, extension in extensions.items() if kind in _READ]
    if not asked:
        return element(_ATTRIBUTES, [])
    kind = Element(der.OID, bytes.fromhex("2a864886f70d01090e"))
    values = element(der.SET, [element(der.SEQUENCE, asked)])
    return element(_ATTRIBUTES, [element(der.SEQUENCE, [kind, values])])


def _strict_extension(kind: str, extension: _Extension) -> Element:
    value = _constraints(extension.value) if kind == _CONSTRAINTS else extension.value
    return element(der.SEQUENCE, [extension.kind, *([_TRUE] if extension.critical else []), value])


def _require_readable(kind: str, extension: _Extension) -> None:
    """ValueError for what Go does not read in an extension, or reads otherwise."""
    if kind == _NAMES:
        _require_readable_names(extension.value)
    if kind == _NAME_CONSTRAINTS:
        _require_plain_subtrees(extension.value)
    if kind == _PURPOSES:
        for purpose in der.read(extension.value.content).children(der.SEQUENCE):
            der.dotted(purpose)


def _constraints(value: Element) -> Element:
    """BasicConstraints without a FALSE that is written out."""
    parts = der.read(value.content).children(der.SEQUENCE)
    return Element(der.OCTET_STRING, element(der.SEQUENCE, parts[1:] if parts[:1] == [_FALSE] else parts).encode())


def _require_plain_subtrees(value: Element) -> None:
    """ValueError for distances, which RFC 5280 section 4.2.1.10 forbids and few programs read."""
    for subtrees in der.read(value.content).children(der.SEQUENCE):
        if any(len(subtree.children(der.SEQUENCE)) != 1 for subtree in der.read_all(subtrees.content)):
            raise ValueError("its name constraints hold a minimum or maximum distance; leave it out")


def _require_readable_names(value: Element) -> None:
    """ValueError for a subject alternative name that Go does not read, or that is not supported here."""
    for name in der.read(value.content).children(der.SEQUENCE):
        if name.tag == _IP_ADDRESS and len(name.content) not in (4, 16):
            raise ValueError(f"it asks for an IP address of {len(name.content)} bytes; IPv4 has 4, IPv6 has 16")
        if name.tag == _DIRECTORY_NAME and _name(der.read(name.content), "directory name").encode() != name.content:
            raise ValueError("it asks for a directory name that is not in DER; sort its sets, and use UTF8String")
        if name.tag in (_X400_ADDRESS, _EDI_PARTY_NAME):
            raise ValueError("it asks for an x400Address or ediPartyName, which is not supported; leave that name out")


def _sorted_set(members: Iterable[Element]) -> Element:
    return Element(der.SET, b"".join(sorted(member.encode() for member in members)))
