"""DER is read and written; what is none is refused with the reason, whatever the bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.signers.pki import der
from adapters.signers.pki.der import Element

REFUSED = {
    "nothing": (b"", "it is cut off"),
    "a tag alone": (b"\x30", "it is cut off"),
    "half a length": (b"\x30\x82\x01", "it is cut off"),
    "half a content": (b"\x30\x02\x05", "it is cut off"),
    "two elements": (b"\x05\x00\x05\x00", "bytes stand behind its end"),
    "a long tag": (b"\x1f\x81\x01\x00", "a tag has more than one byte"),
    "an indefinite length": (b"\x30\x80\x00\x00", "a length is not written in its shortest form"),
    "a length that could be shorter": (b"\x04\x81\x01x", "a length is not written in its shortest form"),
    "a length of five bytes": (b"\x04\x85\x00\x00\x00\x00\x01x", "a length is not written in its shortest form"),
}
IDENTIFIERS = {"2.5.29.17": "551d11", "1.2.840.113549.1.9.14": "2a864886f70d01090e", "0.9": "09", "2.999.3": "883703"}
NO_IDENTIFIERS = {
    "empty": "",
    "cut off": "2a86",
    "not in its shortest form": "2a8001",
    "a number of 2**31": "2a8880808000",
}


@pytest.mark.parametrize(("data", "why"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_element_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        der.read(data)


@given(st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F), st.binary(max_size=70_000))
def test_an_element_is_read_as_it_was_written(tag: int, content: bytes) -> None:
    assert der.read(Element(tag, content).encode()) == Element(tag, content)


@given(st.binary(max_size=300))
def test_what_is_read_is_written_as_it_was(data: bytes) -> None:
    try:
        found = der.read_all(data)
    except ValueError:
        return
    assert b"".join(each.encode() for each in found) == data


@pytest.mark.parametrize(("dotted", "content"), IDENTIFIERS.items())
def test_an_object_identifier_is_read(dotted: str, content: str) -> None:
    assert der.dotted(Element(der.OID, bytes.fromhex(content))) == dotted


@pytest.mark.parametrize("content", NO_IDENTIFIERS.values(), ids=NO_IDENTIFIERS)
def test_what_is_no_object_identifier_is_refused(content: str) -> None:
    with pytest.raises(ValueError, match="object identifier"):
        der.dotted(Element(der.OID, bytes.fromhex(content)))


def test_the_children_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match="an element with tag 0x31 stands where 0x30 belongs"):
        der.read(b"\x31\x00").children(der.SEQUENCE)
