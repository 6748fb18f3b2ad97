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
    while data:
        if len(data) < 2:
            raise ValueError("is cut off")
        size = data[1] & 0x7F if data[1] & 0x80 else 0  # of the length, where it has bytes of its own
        begin = 2 + size
        length = int.from_bytes(data[2:begin], "big") if size else data[1]
        if data[1] == 0x80 or begin + length > len(data):
            raise ValueError("is cut off, or is no DER")
        yield data[0], data[: begin + length], data[begin : begin + length]
        data = data[begin + length :]
