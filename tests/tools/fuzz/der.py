"""Mutations that know DER: one element is changed, and the lengths of those around it follow.

What is no DER is left to others (None). Without this nearly every mutation of a certificate breaks a length, and
is refused before anything of interest is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

from tests.tools.fuzz.parties import element

_CONSTRUCTED = 0x20
_TAGS = [0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31]
_TAGS += [0x80 | number for number in range(9)] + [0xA0 | number for number in range(9)]
"""Of all types in certificates, and of the alternatives in names."""
Change = Callable[[bytes], bytes]


@dataclass
class _Element:
    """`parts` are what it is made of; without any, `content` is."""

    tag: int
    content: bytes
    parts: list[_Element] = field(default_factory=list)

    def encode(self) -> bytes:
        return element(self.tag, b"".join(part.encode() for part in self.parts) if self.parts else self.content)

    def walk(self) -> Iterator[_Element]:
        yield self
        for part in self.parts:
            yield from part.walk()


def mutate(data: bytes, random: Random, change: Change) -> bytes | None:
    """`data` with one element changed; `change` says how contents of primitive ones do."""
    try:
        top = _read(data, depth=0)
    except (ValueError, IndexError):
        return None
    if len(top) != 1:
        return None
    _mutate(random.choice(list(top[0].walk())), random, change)
    return top[0].encode()


def _mutate(chosen: _Element, random: Random, change: Change) -> None:
    if not chosen.parts:
        if random.random() < 0.2:
            chosen.tag = random.choice(_TAGS)
        else:
            chosen.content = change(chosen.content)
        return
    place = random.randrange(len(chosen.parts))
    match random.randrange(4):
        case 0:
            del chosen.parts[place]
        case 1:
            chosen.parts.insert(random.randrange(len(chosen.parts) + 1), chosen.parts[place])
        case 2:
            others = [part for other in chosen.parts for part in other.walk()]
            chosen.parts[place] = random.choice(others)
        case 3:
            chosen.tag = random.choice(_TAGS)


def _read(data: bytes, depth: int) -> list[_Element]:
    """The elements one after the other; ValueError or IndexError for what is no DER, or too deep."""
    found = []
    while data:
        tag, length, begin = data[0], data[1], 2
        if length >= 0x80:
            begin += length & 0x7F
            length = int.from_bytes(data[2:begin], "big")
        if tag & 0x1F == 0x1F or len(data) < begin + length or depth > 20:
            raise ValueError
        content, data = data[begin : begin + length], data[begin + length :]
        found.append(_Element(tag, content, _parts(tag, content, depth)))
    return found


def _parts(tag: int, content: bytes, depth: int) -> list[_Element]:
    """Also of what is wrapped: the values of extensions lie in octet strings."""
    if not tag & _CONSTRUCTED and tag != 0x04:
        return []
    try:
        return _read(content, depth + 1)
    except (ValueError, IndexError):
        if tag & _CONSTRUCTED:
            raise
        return []
