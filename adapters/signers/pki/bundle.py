"""Certificates as CAs elsewhere hand them out: a set, in no order, with others among them.

The leaf is found by its key, its issuers by their signatures; what does not belong to the path is left out. Each
mistake is a ValueError that completes the caller's sentence ('the answer ' + 'holds no certificate').
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from adapters.signers.pki import chains, der, keys, pem
from adapters.signers.pki.der import Element
from adapters.signers.pki.parsing import suppress_warnings
from domain.model import Issued

_Certificate = TypeVar("_Certificate", bytes, x509.Certificate)
_FIRST = 0xA0  # [0], constructed
_LIMIT = 64
"""Certificates in one answer."""


@dataclass(frozen=True, slots=True)
class CertificateBundle:
    """Certificates, and a sentence for each one that cannot be read."""

    certificates: Sequence[x509.Certificate]
    unreadable: Sequence[str] = ()


def read_pkcs7(data: bytes) -> CertificateBundle:
    """The certificates of a certs-only PKCS#7 structure (RFC 7030 section 4.2.3), whatever Content-Type it came with.

    It may be base64 with or without line ends (RFC 8951), PEM, or plain DER, as some servers send it.
    """
    der = _der(data)
    try:
        encoded = _split(der)
    except Exception:  # which errors hostile bytes lead to is documented nowhere
        kind = "a bare certificate, " if _is_certificate(der) else ""
        raise ValueError(f"is {kind}no PKCS#7 with certificates that can be read") from None
    found, unreadable = pem.readable(_counted(encoded))
    return CertificateBundle(found, list(unreadable.values()))


def _der(data: bytes) -> bytes:
    if data[:1] == b"\x30" and data[1:2] >= b"\x80":  # a SEQUENCE and its length, which is no ASCII
        return data
    text = data.strip()
    _, begin, armored = text.partition(b"-----BEGIN ")
    if begin:
        label, _, armored = armored.partition(b"-----")
        text, end, _ = armored.partition(b"-----END " + label + b"-----")
        if not end:
            raise ValueError("is no complete PEM block of PKCS#7")
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except ValueError:
        kind = "an HTML page, " if text[:14].lower().startswith((b"<!doctype html", b"<html")) else ""
        raise ValueError(f"is {kind}no PKCS#7 in base64, PEM or DER") from None


def _is_certificate(der: bytes) -> bool:
    try:
        x509.load_der_x509_certificate(der)
    except Exception:  # which errors hostile bytes lead to is documented nowhere
        return False
    return True


def _split(der: bytes) -> list[bytes]:
    try:
        with suppress_warnings():  # of BER, which much of Java writes
            return [found.public_bytes(Encoding.DER) for found in pkcs7.load_der_pkcs7_certificates(der)]
    except Exception:  # of one of the certificates, perhaps
        return pkcs7_certificates(der)


def read_pem(texts: Iterable[str]) -> CertificateBundle:
    """The certificates of several PEM texts."""
    found, unreadable = pem.readable_certificates("\n".join(texts).encode(), pem.BUNDLE_LIMIT)
    return CertificateBundle(_counted(found), list(unreadable.values()))


def _counted(found: Iterable[_Certificate]) -> list[_Certificate]:
    """The different ones among them; ValueError where these are none, or too many."""
    different = list(dict.fromkeys(found))
    if not different:
        raise ValueError("holds no certificate")
    if len(different) > _LIMIT:
        raise ValueError(f"holds {len(different)} certificates, more than the {_LIMIT} allowed")
    return different


def leaf(certificates: Iterable[x509.Certificate], key: keys.PublicKey) -> x509.Certificate:
    """The certificate for this key."""
    found = next((certificate for certificate in certificates if keys.is_held(key, certificate)), None)
    if found is None:
        raise ValueError("holds no certificate for the public key of spec.request")
    return found


def roots(certificates: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    return [certificate for certificate in certificates if chains.is_self_signed(certificate)]


def unexpired(certificates: Iterable[x509.Certificate], now: datetime) -> list[x509.Certificate]:
    return [certificate for certificate in certificates if not chains.is_expired(certificate, now)]


def path(
    leaf: x509.Certificate, certificates: Sequence[x509.Certificate], trusted: Sequence[x509.Certificate], now: datetime
) -> chains.Path:
    """The leaf, then each one's issuer, if possible up to a root among the trusted ones."""
    anchors = unexpired(roots(trusted), now)
    return chains.Graph([*certificates, *trusted]).best([leaf], anchors, now)


def is_complete(path: chains.Path, trusted: Iterable[x509.Certificate], now: datetime) -> bool:
    """Whether nothing newer could make it better: it ends at a root or a trusted certificate, and no CA has expired."""
    known = path[-1] in trusted or chains.is_self_signed(path[-1])
    return known and not any(chains.is_expired(ca, now) for ca in path[1:])


def signing_path(cas: Sequence[x509.Certificate], now: datetime) -> chains.Path:
    """From the CA that signs upwards; empty where there is none.

    The CAs that issued no other one sign. Where there are several, as in a roll-over, the path that lasts longest
    counts.
    """
    graph, anchors = chains.Graph(cas), roots(cas)
    above = {ca for ca in cas for other in cas if ca.subject != other.subject and graph.issued(ca, other)}
    issuing = [ca for ca in cas if ca not in above]
    paths = [graph.best([ca], anchors, now) for ca in issuing or cas]
    return max(paths, key=lambda path: min(ca.not_valid_after_utc for ca in path), default=())


def issued(path: chains.Path, now: datetime) -> Issued:
    """What a signer returns: the chain without a root and up to the first CA that has expired; the root as `ca`."""
    leaf, *cas = path
    above = list(takewhile(lambda ca: not chains.is_expired(ca, now), cas))
    known = roots(above)
    return Issued(pem.encode([leaf, *(ca for ca in above if ca not in known)]), pem.encode(known) or None)


def pkcs7_certificates(data: bytes) -> list[bytes]:
    """The DER of each certificate of a SignedData; ValueError where it is none."""
    content_info = der.read(data).children(der.SEQUENCE)
    signed = der.read(_first(content_info).content).children(der.SEQUENCE)
    return [each.encode() for each in der.read_all(_first(signed).content) if each.tag == der.SEQUENCE]


def _first(elements: list[Element]) -> Element:
    for each in elements:
        if each.tag == _FIRST:
            return each
    raise ValueError("is no PKCS#7 SignedData")
