"""Takes a PKCS#7 structure apart, so that one certificate that cannot be read does not cost the others.

cryptography reads all certificates of a structure or none. Format: RFC 5652 sections 3 and 5.1, in DER.
"""

from __future__ import annotations

from adapters.signers.pki import der
from adapters.signers.pki.der import Element

_FIRST = 0xA0  # [0], constructed


def certificates(data: bytes) -> list[bytes]:
    """The DER of each certificate of a SignedData; ValueError where it is none."""
    content_info = der.read(data).children(der.SEQUENCE)
    signed_data = der.read(_first(content_info).content).children(der.SEQUENCE)
    return [each.encode() for each in der.read_all(_first(signed_data).content) if each.tag == der.SEQUENCE]


def _first(elements: list[Element]) -> Element:
    for each in elements:
        if each.tag == _FIRST:
            return each
    raise ValueError("is no PKCS#7 SignedData")
