"""Takes a PKCS#7 structure apart, so that one certificate that cannot be read does not cost the others.

cryptography reads all certificates of a structure or none. Format: RFC 5652 sections 3 and 5.1, in DER.
"""

from __future__ import annotations

from collections.abc import Iterator

_SEQUENCE, _FIRST = 0x30, 0xA0  # [0], constructed


def certificates(der: bytes) -> list[bytes]:
    """The DER of each certificate of a SignedData; ValueError where it is none."""
    content_info = _only(der, _SEQUENCE)
    signed_data = _only(_only(content_info, _FIRST), _SEQUENCE)
    return [whole for tag, whole, _ in _elements(_only(signed_data, _FIRST)) if tag == _SEQUENCE]


def _only(data: bytes, tag: int) -> bytes:
    """The content of the first element with this tag."""
    for found, _, content in _elements(data):
        if found == tag:
            return content
    raise ValueError("is no PKCS#7 SignedData")


def _elements(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Tag, encoding and content of each of the elements, one after the other."""
    begin = 0
    while begin < len(data):
        tag, length, content = data[begin], data[begin + 1 : begin + 2], begin + 2
        if length > b"\x80":  # the number of bytes that hold the length (X.690 section 8.1.3.5)
            content += length[0] & 0x7F
            length = data[begin + 2 : content]
        end = content + int.from_bytes(length, "big")
        if length in (b"", b"\x80") or end > len(data):
            raise ValueError("is cut off, or is no DER")
        yield tag, data[begin:end], data[content:end]
        begin = end
