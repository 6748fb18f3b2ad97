"""Files with certificates as people have them: what is read, what is passed over, and what is told."""

from __future__ import annotations

import pytest

from adapters.signers.pki import pem
from tests.support import pki

ONE, OTHER = pki.authority("One"), pki.authority("Other")
BOTH = [ONE.certificate, OTHER.certificate]
GARBAGE = pki.armor(b"garbage", "CERTIFICATE")

FILES = {
    "one after the other": ONE.pem + OTHER.pem,
    "without a line end between": ONE.pem.rstrip() + b"\n" + OTHER.pem.rstrip(),
    "CRLF": (ONE.pem + OTHER.pem).replace(b"\n", b"\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + ONE.pem + OTHER.pem,
    "indented": b"".join(b"  " + line + b"\n" for line in (ONE.pem + OTHER.pem).splitlines()),
    "text around": b"subject=CN = One\n" + ONE.pem + b"\n# the other\n" + OTHER.pem + b"end",
    "a private key between": ONE.pem + ONE.key_pem + OTHER.pem,
    "an older label": (ONE.pem + OTHER.pem).replace(b" CERTIFICATE-", b" X509 CERTIFICATE-"),
}
UNREADABLE = {
    "no DER": (GARBAGE, "cannot be read: certificate 1: an element is cut off"),
    "no base64": (
        ONE.pem.replace(b"\nM", b"\n%"),
        "cannot be read: certificate 1 holds a PEM block that is not base64",
    ),
    "PEM headers": (
        ONE.pem.replace(b"-----\nM", b"-----\nA: b\n\nM"),
        "cannot be read: certificate 1 has PEM headers, which are not allowed",
    ),
    "OpenSSL's own form": (
        ONE.pem.replace(b" CERTIFICATE-", b" TRUSTED CERTIFICATE-"),
        "cannot be read: certificate 1: it is in OpenSSL's own form; convert it with openssl x509",
    ),
}
NONE = {
    "nothing": (b"", "holds no PEM block of type CERTIFICATE, which begins with a line -----BEGIN CERTIFICATE-----"),
    "text before the first line": (b"x" + ONE.pem, "holds no PEM block of type CERTIFICATE, which begins with a line"),
    "a key": (ONE.key_pem, "holds no PEM block of type CERTIFICATE, but PRIVATE KEY"),
    "cut off": (ONE.pem[:-30], "is cut off: its CERTIFICATE block has no end"),
    "another end": (ONE.pem.replace(b"END CERTIFICATE", b"END KEY"), "is cut off: its CERTIFICATE block has no end"),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_certificates_are_read_from_every_usual_file(file: bytes) -> None:
    assert pem.certificates(file) == BOTH


@pytest.mark.parametrize(("block", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_certificate_is_told_and_left_out(block: bytes, why: str) -> None:
    found, told = pem.readable_certificates(block + OTHER.pem)

    assert found == [OTHER.certificate]
    assert told == {1: why}
    with pytest.raises(ValueError, match="cannot be read: certificate 1"):
        pem.certificates(block + OTHER.pem)


@pytest.mark.parametrize(("file", "why"), NONE.values(), ids=NONE)
def test_a_file_without_certificates_says_what_it_holds(file: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=f"^{why}"):
        pem.readable_certificates(file)


def test_unreadable_certificates_alone_are_an_error() -> None:
    with pytest.raises(ValueError, match="cannot be read: certificate 1: "):
        pem.readable_certificates(GARBAGE + GARBAGE)


def test_sizes_are_limited_before_anything_is_read() -> None:
    with pytest.raises(ValueError, match="has 95,001 bytes, more than the 95,000 allowed"):
        pem.certificates(ONE.pem.ljust(95_001))


def test_the_number_of_blocks_is_limited() -> None:
    with pytest.raises(ValueError, match="holds more than the 1,000 PEM blocks allowed"):
        pem.readable_certificates(pki.armor(b"", "X") * 1_001)
