"""Subjects as they stand, their string types included, in words that a table can be written in.

Nothing is decoded and encoded again, so that bytes which differ are seen to differ. Encoding: X.690 section 8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_ATTRIBUTES = {
    "550403": "CN",
    "550405": "SERIALNUMBER",
    "550406": "C",
    "550407": "L",
    "550408": "ST",
    "550409": "STREET",
    "55040a": "O",
    "55040b": "OU",
    "550411": "POSTALCODE",
    "2a864886f70d010901": "EMAIL",
    "0992268993f22c640101": "UID",
    "0992268993f22c640119": "DC",
}
_STRINGS = {
    0x0C: ("utf8:", "utf-8"),
    0x12: ("numeric:", "ascii"),
    0x13: ("", "ascii"),  # PrintableString, which Go's encoder takes wherever it can
    0x14: ("t61:", "latin-1"),
    0x16: ("ia5:", "ascii"),
    0x1E: ("bmp:", "utf-16-be"),
}


def rdns(subject: bytes) -> tuple[str, ...]:
    """One text for each RDN: 'O=Acme', 'CN=app+UID=7', 'O=utf8:Zürich'; no prefix means PrintableString."""
    [name] = _elements(subject)
    return tuple("+".join(_attribute(each) for each in rdn.children) for rdn in name.children)


def text(der: bytes) -> str:
    """A string with the prefix that tells its type."""
    [element] = _elements(der)
    return _string(element)


@dataclass(frozen=True)
class _Element:
    tag: int
    content: bytes

    @property
    def children(self) -> list[_Element]:
        return list(_elements(self.content))


def _elements(der: bytes) -> Iterator[_Element]:
    """The elements that stand one after the other."""
    while der:
        length, header = der[1], 2
        if length & 0x80:
            header += length & 0x7F
            length = int.from_bytes(der[2:header], "big")
        yield _Element(der[0], der[header : header + length])
        der = der[header + length :]


def _string(element: _Element) -> str:
    prefix, encoding = _STRINGS[element.tag]
    return prefix + element.content.decode(encoding)


def _attribute(pair: _Element) -> str:
    oid, value = pair.children
    return f"{_ATTRIBUTES.get(oid.content.hex(), oid.content.hex())}={_string(value)}"
