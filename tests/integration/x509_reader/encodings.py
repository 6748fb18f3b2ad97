"""Encodings of certificate signing requests: those that are read, and those that are refused."""

from __future__ import annotations

import base64

from tests.support import pki
from tests.support.der import OID, SEQUENCE, SET, UTF8, element
from tests.support.raw_csr import (
    APP,
    BASIC_CONSTRAINTS,
    CHALLENGE_PASSWORD,
    COMMON_NAME,
    EXTENDED_KEY_USAGE,
    EXTENSION_REQUEST,
    FALSE,
    MICROSOFT_EXTENSION_REQUEST,
    NAME_CONSTRAINTS,
    NAMES_OF_APP,
    ORGANIZATION,
    TRUE,
    UNKNOWN,
    alternative_names,
    asked,
    attribute,
    dns,
    extension,
    name,
    request,
    two_attributes,
    with_common_name,
    with_extension,
    with_names,
)

_CHALLENGE = attribute(CHALLENGE_PASSWORD, element(UTF8, b"secret"))
_ORGANIZATION = (ORGANIZATION, element(UTF8, b"Acme"))
DER = base64.b64decode(b"".join(request().splitlines()[1:-1]))

READ = {
    "plain": request(),
    "no extensions": request(attributes=[]),
    "an older label": request().replace(b" CERTIFICATE REQUEST", b" NEW CERTIFICATE REQUEST"),
    "text around it": b"Certificate Request:\n" + request() + b"the end",
    "an asterisk in a PrintableString": with_common_name(0x13, b"*.example.com"),
    "an ampersand in a PrintableString": with_common_name(0x13, b"R&D"),
    "a TeletexString of ASCII": with_common_name(0x14, b"app"),
    "a BMPString": with_common_name(0x1E, "Zürich".encode("utf-16-be")),
    "an empty string": with_common_name(UTF8, b""),
    "a set of names that is not sorted": request(subject=name([_ORGANIZATION, (COMMON_NAME, element(UTF8, b"a"))])),
    "attributes that are not sorted": request(attributes=[asked(NAMES_OF_APP), _CHALLENGE]),
    "attributes that are sorted": request(attributes=[_CHALLENGE, asked(NAMES_OF_APP)]),
    "a criticality that is FALSE": request(attributes=[asked(alternative_names(dns("a.test"), critical=FALSE))]),
    "constraints that are FALSE": with_extension(BASIC_CONSTRAINTS, element(SEQUENCE, FALSE), TRUE),
    "version 2": request(version=element(0x02, b"\1")),
    "version 3": request(version=element(0x02, b"\2")),
    "an unknown extension": with_extension(UNKNOWN, b"\x05\x00"),
    "an unknown extension that is no DER": with_extension(UNKNOWN, b"\xff"),
    "a registered identifier": with_names(element(0x88, bytes.fromhex("2a0304"))),
    "a directory name": with_names(element(0xA4, APP)),
    "a URI without authority": with_names(element(0x86, b"urn:uuid:7c9e6679-7425-40de-944b-e07fc1f90ae7")),
    "a URI with everything": with_names(element(0x86, b"HTTPS://us:it@[2001:db8::1]:8443/a/%41?b=c&d#e")),
}
"""Requests that are read as Go reads them."""

REFUSED = {
    "Microsoft's attribute": (
        two_attributes(MICROSOFT_EXTENSION_REQUEST),
        "in Microsoft's attribute 1.3.6.1.4.1.311.2",
    ),
    "two attributes": (two_attributes(EXTENSION_REQUEST), "asks for extensions more than once"),
    "two values": (
        request(attributes=[attribute(EXTENSION_REQUEST, *2 * [element(SEQUENCE, NAMES_OF_APP)])]),
        "asks for extensions more than once",
    ),
    "no value": (request(attributes=[attribute(EXTENSION_REQUEST)]), "asks for extensions more than once"),
    "an attribute that is no attribute": (request(attributes=[element(SEQUENCE)]), "an attribute is not type and set"),
    "an extension twice": (
        request(attributes=[asked(NAMES_OF_APP, NAMES_OF_APP)]),
        "asks for the extension 2.5.29.17 twice; leave one of them out",
    ),
    "an unknown extension twice": (
        request(attributes=[asked(NAMES_OF_APP, *2 * [extension(UNKNOWN, b"")])]),
        "asks for the extension 1.2.3.4 twice",
    ),
    "a criticality that is neither": (
        request(attributes=[asked(alternative_names(dns("a.test"), critical=element(0x01, b"\1")))]),
        "an extension is not identifier, criticality and value",
    ),
    "an IP address of eight bytes": (with_names(element(0x87, bytes(8))), "asks for an IP address of 8 bytes"),
    "an IP address without bytes": (with_names(element(0x87)), "asks for an IP address of 0 bytes"),
    "a NUL in the subject": (with_common_name(UTF8, b"app\0.evil.test"), "subject: CN holds a NUL"),
    "a NUL in a BMPString": (with_common_name(0x1E, b"\0a\0\0"), "subject: CN holds a NUL"),
    "a NUL in a directory name": (
        with_names(element(0xA4, name([(COMMON_NAME, element(UTF8, b"a\0"))]))),
        "directory name: CN holds a NUL",
    ),
    "a NUL in a DNS name": (with_names(element(0x82, b"a\0.test")), "asks for the DNS name 'a\\\\x00.test'"),
    "Latin-1 in a TeletexString": (
        with_common_name(0x14, b"M\xfcller"),
        r"CN is a TeletexString \(T61String\) with by",
    ),
    "UTF-8 in a TeletexString": (
        with_common_name(0x14, "Müller".encode()),
        r"CN is a TeletexString \(T61String\) with",
    ),
    "Latin-1 in a UTF8String": (with_common_name(UTF8, b"M\xfcller"), "CN is a UTF8String with bytes that programs"),
    "UTF-8 in an IA5String": (with_common_name(0x16, "Müller".encode()), "CN is an IA5String with bytes"),
    "an underscore in a PrintableString": (with_common_name(0x13, b"a_b"), "CN is a PrintableString with characters"),
    "letters in a NumericString": (with_common_name(0x12, b"12a"), "CN is a NumericString with characters"),
    "surrogates in a BMPString": (
        with_common_name(0x1E, "😀".encode("utf-16-be")),
        "CN is a BMPString with characters",
    ),
    "half a character in a BMPString": (with_common_name(0x1E, b"\0a\0"), "CN is a BMPString with bytes"),
    "a UniversalString": (with_common_name(0x1C, "app".encode("utf-32-be")), "CN has a value of ASN.1 type 0x1c"),
    "a VisibleString": (with_common_name(0x1A, b"app"), "CN has a value of ASN.1 type 0x1a, which Go does not read"),
    "an OCTET STRING": (with_common_name(0x04, b"app"), "CN has a value of ASN.1 type 0x04"),
    "an INTEGER": (with_common_name(0x02, b"\1"), "CN has a value of ASN.1 type 0x02"),
    "an empty set in the subject": (request(subject=element(SEQUENCE, element(SET))), "subject: a set .* is empty"),
    "no subject": (request(subject=element(SET)), "subject: an element with tag 0x31 stands where 0x30 belongs"),
    "version 4": (request(version=element(0x02, b"\3")), "the version is not 1"),
    "a version that is no number": (request(version=element(UTF8, b"1")), "the version is not 1"),
    "a distance in name constraints": (
        with_extension(
            NAME_CONSTRAINTS, element(SEQUENCE, element(0xA0, element(SEQUENCE, dns("a.test"), element(0x80, b"\0"))))
        ),
        "its name constraints hold a minimum or maximum distance",
    ),
    "a purpose with a huge number": (
        with_extension(EXTENDED_KEY_USAGE, element(SEQUENCE, element(OID, b"\x2a\x88\x80\x80\x80\x00"))),
        "an object identifier has a number of 2\\*\\*31 or more",
    ),
    "no purposes": (with_extension(EXTENDED_KEY_USAGE, element(SEQUENCE)), "has too few or too many members"),
    "a path length without CA": (
        with_extension(BASIC_CONSTRAINTS, element(SEQUENCE, element(0x02, b"\1"))),
        "its basicConstraints have a path length, but no CA:TRUE",
    ),
    "a URI with an empty authority": (with_names(element(0x86, b"x://")), "which is no absolute URI"),
    "a URI with an empty fragment": (with_names(element(0x86, b"x:y#")), "which is no absolute URI"),
    "a relative URI": (with_names(element(0x86, b"//host/path")), "which is no absolute URI"),
    "a URI with an odd port": (with_names(element(0x86, b"https://2001:db")), "which is no absolute URI"),
    "a URI with an odd address": (with_names(element(0x86, b"https://[2001]/")), "which is no absolute URI"),
    "a URI with a space": (with_names(element(0x86, b"https://host/a b")), "which is no absolute URI"),
    "a length that is not the shortest": (
        request(subject=element(SEQUENCE, element(SET, element(SEQUENCE, COMMON_NAME, b"\x0c\x81\x01a")))),
        "subject: an attribute is not type and value|a length is not written in its shortest form",
    ),
    "an indefinite length": (
        request(subject=b"\x30\x80" + APP[2:] + b"\0\0"),
        "a length is not written in its shortest",
    ),
    "bytes behind it": (pki.armor(DER + b"\0"), "CertificationRequest: bytes stand behind its end"),
    "a part of it": (pki.armor(DER[:-1]), "CertificationRequest: it is cut off"),
    "text": (pki.armor(b"hello"), "CertificationRequest: "),
}
"""Requests that Go reads otherwise or not at all, or that make no certificate: with what the refusal says of them."""
