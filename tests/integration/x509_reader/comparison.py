"""Compares what the issuer reads in a certificate signing request with what Go reads: the same, or nothing."""

from __future__ import annotations

import base64
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.signers.pki import csr as csrs
from adapters.signers.pki.csr import CSR
from domain.errors import RequestRejected
from tests.integration.x509_reader.reader import GoReader

_BITS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
"""In the order of RFC 5280 section 4.2.1.3."""


def require_same_reading(request: bytes, go: GoReader) -> bool:
    """Whether the issuer reads the request; AssertionError where it reads something else than Go."""
    try:
        ours = csrs.read(request)
    except RequestRejected:
        return False
    theirs = go.request(request)
    assert theirs["error"] == "", "Go does not read it"
    assert theirs["signatureOK"], "Go does not accept the signature"
    assert _ours(ours) == _theirs(theirs)
    return True


def _ours(csr: CSR) -> dict[str, Any]:
    names = csr.names or x509.SubjectAlternativeName([])
    constraints = csr.name_constraints
    return {
        "subject": sorted((each.oid.dotted_string, str(each.value)) for each in csr.subject),
        "public key": csr.public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "DNS names": names.get_values_for_type(x509.DNSName),
        "e-mail addresses": names.get_values_for_type(x509.RFC822Name),
        "IP addresses": [ip_address(str(ip)).packed for ip in names.get_values_for_type(x509.IPAddress)],
        "URIs": [_lower_scheme(uri) for uri in names.get_values_for_type(x509.UniformResourceIdentifier)],
        "key usage": None if csr.bits is None else sum(1 << _BITS.index(bit) for bit in csr.bits),
        "purposes": None if csr.purposes is None else {purpose.dotted_string for purpose in csr.purposes},
        "isCA": csr.constraints and csr.constraints.ca,
        "path length": csr.constraints and csr.constraints.path_length,
        # Byte for byte, since these are copied: all kinds of names are in it.
        "subject alternative names": csr.names.public_bytes() if csr.names else b"",
        "name constraints": (constraints.critical, constraints.value.public_bytes()) if constraints else None,
    }


def _theirs(reading: dict[str, Any]) -> dict[str, Any]:
    extensions = {oid: (each["critical"], _bytes(each["value"])) for oid, each in reading["extensions"].items()}
    _, names = extensions.get("2.5.29.17", (False, b""))
    return {
        "subject": sorted((each["oid"], _text(each["value"])) for each in reading["subject"] or ()),
        "public key": _bytes(reading["publicKey"]),
        "DNS names": reading["dnsNames"] or [],
        "e-mail addresses": reading["emails"] or [],
        "IP addresses": [_bytes(ip) for ip in reading["ips"] or ()],
        "URIs": reading["uris"] or [],
        "key usage": reading["keyUsage"],
        "purposes": None if reading["purposes"] is None else set(reading["purposes"]),
        "isCA": reading["isCA"],
        "path length": reading["pathLength"],
        "subject alternative names": b"" if names == b"\x30\x00" else names,
        "name constraints": extensions.get("2.5.29.30"),
    }


def _lower_scheme(uri: str) -> str:
    """Schemes are the same in capitals and small letters (RFC 3986 section 3.1); Go writes them small."""
    scheme, colon, rest = uri.partition(":")
    return scheme.lower() + colon + rest


def _text(value: str | None) -> str | None:
    return None if value is None else _bytes(value).decode(errors="surrogateescape")


def _bytes(value: str) -> bytes:
    return base64.b64decode(value)
