"""Reads PEM (RFC 7468) within limits, and writes it.

Sizes are checked before anything is decoded; they are cert-manager's since CVE-2024-12401. A mistake is a ValueError
whose text goes on after the name of the field, such as "holds no PEM block of type CERTIFICATE", and quotes no content.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.pki import parsing
from adapters.signers.pki.parsing import suppress_warnings

CSR_LIMIT = 36_500
LEAF_LIMIT = 36_500
CHAIN_LIMIT = 95_000
BUNDLE_LIMIT = 330_000
CERTIFICATES_LIMIT = 1_000

_BEGIN = re.compile(rb"^[ \t]*-----BEGIN ([A-Z0-9 ]{0,40})-----[ \t]*\r?$", re.MULTILINE)
_CERTIFICATE = ("CERTIFICATE", "X509 CERTIFICATE")  # the second is older (RFC 7468 section 5.1)
_TRUSTED = "TRUSTED CERTIFICATE"  # with what OpenSSL is to trust it for
_Encoded = TypeVar("_Encoded")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def single(pem: bytes, labels: Sequence[str], limit: int) -> bytes:
    """The DER of the only block, which has one of these labels, and begins and ends in lines of its own, as in Go."""
    found = list(blocks(pem, limit))
    others = [label for label, _ in found if label not in labels]
    if others:
        raise ValueError(f"holds a PEM block of type {others[0]}; only {labels[0]} belongs there")
    if not found or not _begins_and_ends_lines(pem):
        raise ValueError(_nothing(labels[0], []))
    if len(found) > 1:
        raise ValueError(f"holds {len(found)} requests where one is expected")
    return decode(found[0][1])


def certificates(pem: bytes, limit: int = CHAIN_LIMIT) -> list[x509.Certificate]:
    """All certificates, in the order they have there, at least one; ValueError where one cannot be read.

    Text and PEM blocks of other types are passed over.
    """
    found, unreadable = readable_certificates(pem, limit)
    for sentence in unreadable.values():
        raise ValueError(sentence)
    return found


def readable_certificates(pem: bytes, limit: int = CHAIN_LIMIT) -> tuple[list[x509.Certificate], dict[int, str]]:
    """As `readable`, of PEM."""
    found = list(blocks(pem, limit))
    certificates = [(label, body) for label, body in found if label in (*_CERTIFICATE, _TRUSTED)]
    if not certificates:
        raise ValueError(_nothing(_CERTIFICATE[0], found))
    return _readable(certificates, _block)


def readable(encoded: Iterable[bytes]) -> tuple[list[x509.Certificate], dict[int, str]]:
    """The certificates that can be read from DER, in their order, and for each other one, by its place, a sentence.

    Places count from 1. ValueError where none can be read.
    """
    return _readable(encoded, _certificate)


def _readable(
    encoded: Iterable[_Encoded], read: Callable[[_Encoded, int], x509.Certificate]
) -> tuple[list[x509.Certificate], dict[int, str]]:
    found: list[x509.Certificate] = []
    unreadable: dict[int, str] = {}
    for place, each in enumerate(encoded, start=1):
        try:
            found.append(read(each, place))
        except ValueError as error:
            unreadable[place] = str(error)
    if not found and unreadable:
        raise ValueError(next(iter(unreadable.values())))
    return found, unreadable


def _begins_and_ends_lines(pem: bytes) -> bool:
    return all(line in b"\n" + pem for line in (b"\n-----BEGIN ", b"\n-----END "))


def blocks(pem: bytes, limit: int) -> Iterator[tuple[str, bytes]]:
    """Label and body of each block; only white space may stand beside its first and its last line."""
    if len(pem) > limit:
        raise ValueError(f"has {len(pem):,} bytes, more than the {limit:,} allowed")
    pem = pem.removeprefix(_BYTE_ORDER_MARK)
    position = count = 0
    while begin := _BEGIN.search(pem, position):
        end = re.compile(rb"^[ \t]*-----END %b-----[ \t]*\r?$" % begin[1], re.MULTILINE).search(pem, begin.end())
        if end is None:
            raise ValueError(f"is cut off: its {begin[1].decode()} block has no end")
        count += 1
        if count > CERTIFICATES_LIMIT:
            raise ValueError(f"holds more than the {CERTIFICATES_LIMIT:,} PEM blocks allowed")
        yield begin[1].decode(), pem[begin.end() : end.start()]
        position = end.end()


def _nothing(label: str, found: Sequence[tuple[str, bytes]]) -> str:
    if found:
        return f"holds no PEM block of type {label}, but {found[0][0]}"
    return f"holds no PEM block of type {label}, which begins with a line -----BEGIN {label}-----"


def decode(body: bytes) -> bytes:
    """The bytes that the body of a block stands for."""
    if b":" in body:
        raise ValueError("has PEM headers, which are not allowed")
    try:
        return base64.b64decode(body.translate(None, b" \t\r\n"), validate=True)
    except ValueError:
        raise ValueError("holds a PEM block that is not base64") from None


def _block(block: tuple[str, bytes], place: int) -> x509.Certificate:
    label, body = block
    if label == _TRUSTED:
        raise ValueError(
            f"cannot be read: certificate {place}: it is in OpenSSL's own form; convert it with openssl x509"
        )
    try:
        encoded = decode(body)
    except ValueError as error:
        raise ValueError(f"cannot be read: certificate {place} {error}") from None
    return _certificate(encoded, place)


def _certificate(der: bytes, place: int) -> x509.Certificate:
    try:
        with suppress_warnings():  # warnings: names longer than RFC 5280 has them, serial numbers that are not positive
            certificate = x509.load_der_x509_certificate(der)
            # cryptography reads these only when asked, and then may raise errors of any class: asked now for all later
            _ = certificate.subject, certificate.issuer, certificate.extensions
    except Exception as error:  # which errors hostile bytes lead to is documented nowhere
        raise ValueError(f"cannot be read: certificate {place}: {parsing.reason(error)}") from None
    return certificate


def encode(chain: Iterable[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
