import base64
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.x509.oid import NameOID

from adapters.signers.pki import csr as csrs
from domain.errors import RequestRejected
from tests.contracts.signer_cases import unreadable
from tests.support import pki

PEM = pki.csr(common_name="app", dns=["app.example.com"], extensions=[(pki.usage("digital_signature"), True)])
DER = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))

MISTAKES = {
    "empty": (b"", "holds no PEM block of type CERTIFICATE REQUEST"),
    "DER": (DER, "holds no PEM block"),
    "another label": (pki.authority().pem, "holds a PEM block of type CERTIFICATE; only CERTIFICATE REQUEST belongs"),
    "a private key": (
        pki.key_pem(pki.key()),
        "holds a PEM block of type PRIVATE KEY; only CERTIFICATE REQUEST belongs",
    ),
    "a key beside it": (PEM + pki.key_pem(pki.key()), "holds a PEM block of type PRIVATE KEY; only"),
    "not at the start of a line": (
        b" " + PEM,
        "holds no PEM block of type CERTIFICATE REQUEST, which begins with a line",
    ),
    "two": (PEM + PEM, "holds 2 requests where one is expected"),
    "cut off": (PEM[:-20], "is cut off"),
    "headers": (PEM.replace(b"-----\n", b"-----\nProc-Type: 4\n\n", 1), "has PEM headers"),
    "no base64": (PEM.replace(b"\nM", b"\n%", 1), "is not base64"),
    "bytes between the base64": (PEM.replace(b"\nM", b"\n%%M", 1), "is not base64"),
    "no DER": (pki.armor(b"hello"), "cannot be read: CertificationRequest: "),
    "bytes after the DER": (
        pki.armor(DER + b"\x00"),
        "cannot be read: CertificationRequest: bytes stand behind its end",
    ),
    "SHA-1": (pki.csr_signed_with_sha1(), "is signed with sha1, which is not accepted; use SHA-256"),
    "MD5": (pki.csr_signed_with_md5(), "is signed with md5"),
    "a signature of another kind": (pki.csr_signed_as_if_by_ecdsa(), "has a signature that its own key did not make"),
    "an unknown signature algorithm": (pki.csr_signed_with_the_unknown(), "is signed with an unknown algorithm"),
    "another's signature": (pki.csr_signed_by_another_key(), "has a signature that its own key did not make"),
    "an x400Address": (unreadable(bytes.fromhex("a3023000")), "an x400Address or ediPartyName, which is not supported"),
    "a name in UTF-8": (
        unreadable(b"\x82\x06" + "ü.de!".encode()),
        "asks for the DNS name 'ü.de!', which no certificate can hold: .*; write what is international as IDNA",
    ),
    "a NUL": (unreadable(b"\x81\x03a@\x00"), r"asks for the e-mail address 'a@\\x00', which no certificate can hold"),
    "an empty name": (unreadable(b"\x86\x00"), "asks for the URI '', which no certificate can hold"),
    "RSA 1024": (pki.csr(pki.key("rsa1024")), "RSA key of 1024 bits, which is too weak; use RSA with at least 2048"),
    "an RSA exponent that Go does not take": (
        pki.csr(pki.rsa_key_with_exponent(2**32 + 15)),
        "public exponent is 2\\*\\*31",
    ),
    "RSASSA-PSS with another salt": (
        pki.csr_signed_with_pss(20),
        "with RSASSA-PSS, with parameters that Go does not read",
    ),
    "secp256k1": (pki.csr(pki.key("secp256k1")), "key on the curve secp256k1, which is not accepted"),
    "Ed448": (pki.csr(Ed448PrivateKey.generate()), "key of a type that is not accepted"),
}


@pytest.mark.parametrize(("request_", "why"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_field(request_: bytes, why: str) -> None:
    with pytest.raises(RequestRejected, match=why) as refusal:
        csrs.read(request_)

    assert str(refusal.value).startswith("spec.request: ")


def test_a_request_that_names_nobody_is_refused() -> None:
    nobody = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))

    with pytest.raises(RequestRejected, match="names nobody"):
        csrs.read(pki.signed(nobody))


def test_the_size_limit_is_exact() -> None:
    padding = 36_500 - len(PEM)

    assert csrs.read(PEM + b"\n" * padding).subject == pki.name("app")
    with pytest.raises(RequestRejected, match="has 36,501 bytes, more than the 36,500 allowed"):
        csrs.read(PEM + b"\n" * (padding + 1))


@pytest.mark.parametrize(
    "pem", [b"Certificate Request:\n  Version: 1\n" + PEM, PEM.replace(b"\n", b"\r\n"), PEM.strip()]
)
def test_explanations_and_line_ends_do_not_matter(pem: bytes) -> None:
    assert csrs.read(pem).subject == pki.name("app")


def test_what_it_says_is_read() -> None:
    csr = csrs.read(PEM)

    assert csr.names == x509.SubjectAlternativeName([x509.DNSName("app.example.com")])
    assert csr.bits == frozenset({"digital_signature"})
    assert (csr.purposes, csr.constraints, csr.name_constraints) == (None, None, None)
    assert csr.public_key == pki.key().public_key()


def test_a_common_name_longer_than_64_is_read_without_a_word() -> None:
    """It is beyond RFC 5280, but people do use it. A warning would be an error here (pyproject.toml)."""
    host = f"{'h' * 60}.example.com"
    with warnings.catch_warnings(action="ignore"):
        long = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host, _validate=False)])

    subject = csrs.read(pki.csr(subject=long)).subject

    assert subject == long
