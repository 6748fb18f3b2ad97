"""DER by hand: what cryptography would not write, and the bytes that it does not show."""

from __future__ import annotations

from cryptography import x509

SEQUENCE, SET, OID, UTF8 = 0x30, 0x31, 0x06, 0x0C


def element(tag: int, *contents: bytes) -> bytes:
    """One element of ASN.1, made of these bytes."""
    content = b"".join(contents)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def subject(of: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """The subject as its bytes stand there, read by nobody (RFC 5280 section 4.1, RFC 2986 section 4.1)."""
    if isinstance(of, x509.Certificate):
        return child(of.tbs_certificate_bytes, 5)
    return child(of.tbs_certrequest_bytes, 1)


def child(der: bytes, place: int) -> bytes:
    """The bytes of one element of a sequence."""
    begin, end = _content(der, 0)
    for _ in range(place):
        begin = _content(der, begin)[1]
    assert begin < end
    return der[begin : _content(der, begin)[1]]


def _content(der: bytes, begin: int) -> tuple[int, int]:
    """Where the content of the element that begins there begins and ends."""
    length, header = der[begin + 1], 2
    if length & 0x80:
        header += length & 0x7F
        length = int.from_bytes(der[begin + 2 : begin + header])
    return begin + header, begin + header + length
