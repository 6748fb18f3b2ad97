"""Why a certificate cannot be read: the parser's own reason, in plain words."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from adapters.signers.pki import parsing, pem
from tests.support import pki
from tests.tools.fuzz import parties

CA = pki.authority("CA", parent=parties.CA)
BODY = CA.certificate.tbs_certificate_bytes
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a-b", _ASN1Type.PrintableString)])
PRINTABLE = pki.altered(CA.certificate, parties.CA, subject=NAME).tbs_certificate_bytes
LIMITS = bytes.fromhex("30030101ff")  # BasicConstraints with CA:TRUE


def replaced(old: bytes, new: bytes) -> bytes:
    """The CA's certificate with some bytes of its body replaced by as many others."""
    assert BODY.count(old) == 1
    assert len(old) == len(new)
    return parties.certificate(BODY.replace(old, new))


CASES = {
    "FALSE written out": (replaced(LIMITS, bytes.fromhex("3003010100")), "BasicConstraints.ca writes out a default"),
    "a boolean that is neither": (replaced(LIMITS, bytes.fromhex("3003010107")), "BasicConstraints.ca holds a value"),
    "another type": (replaced(LIMITS, bytes.fromhex("30030401ff")), "is followed by bytes that belong to nothing"),
    "bytes behind it": (
        pki.armor(CA.certificate.public_bytes(Encoding.DER) + b"\0", "CERTIFICATE"),
        "an element is followed by bytes that belong to nothing",
    ),
    "cut off": (pki.armor(CA.certificate.public_bytes(Encoding.DER)[:-1], "CERTIFICATE"), "an element is cut off"),
    "an unknown version": (
        replaced(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07"),
        "its version is 7, which is not",
    ),
    "an underscore in a PrintableString": (
        parties.certificate(PRINTABLE.replace(b"\x13\x03a-b", b"\x13\x03a_b")),
        "AttributeTypeValue.value, AttributeValue.PrintableString holds a value that its ASN.1 type does not allow",
    ),
}


@pytest.mark.parametrize(("certificate", "why"), CASES.values(), ids=CASES)
def test_the_structure_the_field_and_the_reason_are_told(certificate: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"cannot be read: certificate 1: .*{why}"):
        pem.certificates(certificate)


def test_what_the_parser_quotes_is_not_repeated() -> None:
    assert parsing.reason(ValueError("b'secret' is no address")) == "the parser refuses it (ValueError)"


def test_an_extension_that_is_there_twice_is_named() -> None:
    error = x509.DuplicateExtension("canary", x509.ObjectIdentifier("1.2.3"))

    assert parsing.reason(error) == "the extension 1.2.3 is there twice"
