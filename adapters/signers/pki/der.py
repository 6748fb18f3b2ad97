"""Reads and writes DER (ITU-T X.690), as far as X.509 uses it: tags below 31 and definite, minimal lengths.

For what cryptography does not show: how a certificate signing request is encoded, and what it holds twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8, NUMERIC, PRINTABLE, TELETEX, IA5, BMP = 0x0C, 0x12, 0x13, 0x14, 0x16, 0x1E
SEQUENCE, SET = 0x30, 0x31


class Element(NamedTuple):
    """One tag, and its content without tag and length."""

    tag: int
    content: bytes

    def children(self, tag: int) -> list[Element]:
        """The elements inside of one that has this tag; ValueError otherwise, and where they cannot be read."""
        if self.tag != tag:
            raise ValueError(f"an element with tag 0x{self.tag:02x} stands where 0x{tag:02x} belongs")
        return read_all(self.content)

    def encode(self) -> bytes:
        return bytes([self.tag]) + _length(len(self.content)) + self.content


def element(tag: int, children: Iterable[Element]) -> Element:
    """An element that is made of others."""
    return Element(tag, b"".join(child.encode() for child in children))


def read(data: bytes) -> Element:
    """The one element that these bytes are; ValueError for anything else."""
    begin, end = _content(data, 0)
    if end != len(data):
        raise ValueError("bytes stand behind its end")
    return Element(data[0], data[begin:end])


def read_all(data: bytes) -> list[Element]:
    """The elements, one after the other, that these bytes are; ValueError, saying why, where they are no DER."""
    found, position = [], 0
    while position < len(data):
        begin, end = _content(data, position)
        found.append(Element(data[position], data[begin:end]))
        position = end
    return found


def _content(data: bytes, position: int) -> tuple[int, int]:
    """Where the content of the element at this position begins and ends."""
    header = data[position : position + 6]
    if len(header) < 2:
        raise ValueError("it is cut off")
    if header[0] & 0x1F == 0x1F:
        raise ValueError("a tag has more than one byte")
    size, begin = header[1], position + 2
    if size >= 0x80:
        count = size & 0x7F
        size, begin = int.from_bytes(header[2 : 2 + count]), begin + count
        if begin > len(data):
            raise ValueError("it is cut off")
        if not 1 <= count <= 4 or _length(size) != header[1 : 2 + count]:
            raise ValueError("a length is not written in its shortest form, which DER demands")
    if begin + size > len(data):
        raise ValueError("it is cut off")
    return begin, begin + size


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(octets)]) + octets


def dotted(oid: Element) -> str:
    """An OBJECT IDENTIFIER such as 2.5.29.17; ValueError where a number in it is 2**31 or more, which Go refuses."""
    content = oid.content
    if oid.tag != OID or not content or content[-1] & 0x80:
        raise ValueError("no object identifier stands where one belongs")
    numbers, number = [], 0
    for position, octet in enumerate(content):
        if octet == 0x80 and (position == 0 or not content[position - 1] & 0x80):
            raise ValueError("an object identifier is not written in its shortest form")
        number = number << 7 | octet & 0x7F
        if number >= 2**31:
            raise ValueError("an object identifier has a number of 2**31 or more")
        if not octet & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
