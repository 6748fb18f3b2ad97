"""What go_readable.py says of certificates, compared with Go: a certificate that it passes, Go reads."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from adapters.signers.pki import go_readable, pem
from tests.integration.x509_reader.reader import GoReader
from tests.support import der, pki
from tests.tools.fuzz import parties
from tests.tools.fuzz.seeds import CORPUS

KEPT = sorted(path for folder in ("leaf", "ca", "go-certificate") for path in (CORPUS / folder).iterdir())
CA = pki.authority("CA", parent=parties.CA)
ACCESS = x509.AuthorityInformationAccess(
    [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://example.com/"))]
)
POLICY = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)


def having(extension: x509.ExtensionType, *, critical: bool = False) -> bytes:
    return pki.altered(CA.certificate, CA, extension=extension, critical=critical).public_bytes(Encoding.PEM)


def naming(string: _ASN1Type) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "7", string)])
    return pki.altered(CA.certificate, CA, subject=name).public_bytes(Encoding.PEM)


def uri(text: str) -> bytes:
    return having(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(text)]))


def limit(name: x509.GeneralName) -> bytes:
    return having(x509.NameConstraints([name], None), critical=True)


def replaced(old: bytes, new: bytes) -> bytes:
    """The CA's certificate with some bytes replaced by as many others."""
    body = CA.certificate.tbs_certificate_bytes
    assert body.count(old) == 1
    assert len(old) == len(new)
    return parties.certificate(body.replace(old, new))


def negative_serial() -> bytes:
    length = CA.certificate.serial_number.bit_length() // 8 + 1
    header, serial = bytes([0x02, length]), CA.certificate.serial_number.to_bytes(length)
    return replaced(header + serial, header + b"\x80" + serial[1:])


def on_brainpool() -> bytes:
    key = ec.derive_private_key(1, ec.BrainpoolP256R1())
    return pki.altered(CA.certificate, CA, public_key=key).public_bytes(Encoding.PEM)


def with_huge_exponent() -> bytes:
    key = pki.rsa_key_with_exponent(2**66 + 1)
    return pki.altered(CA.certificate, CA, public_key=key).public_bytes(Encoding.PEM)


def compressed_point() -> bytes:
    key = CA.key.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    long, short = (
        der.element(0x03, b"\0" + key.public_bytes(Encoding.X962, form))
        for form in (PublicFormat.UncompressedPoint, PublicFormat.CompressedPoint)
    )
    algorithm = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
    before, _, behind = CA.certificate.tbs_certificate_bytes.partition(der.element(der.SEQUENCE, algorithm, long))
    key_info = der.element(der.SEQUENCE, algorithm, short)
    return parties.certificate(der.element(der.SEQUENCE, before[4:], key_info, behind))  # without the old header


READ = {
    **{kind: pki.authority("CA", private=pki.key(kind)).pem for kind in pki.STRONG},
    **{string: naming(_ASN1Type[string]) for string in ("T61String", "BMPString", "NumericString", "IA5String")},
    "a URI": uri("spiffe://example.com/ca"),
    "a policy": having(x509.CertificatePolicies([POLICY])),
    "a domain in name constraints": limit(x509.DNSName(".example.com")),
    "any domain in name constraints": limit(x509.DNSName("")),
    "a mailbox in name constraints": limit(x509.RFC822Name("ops@example.com")),
    "a mail host in name constraints": limit(x509.RFC822Name("example.com")),
    "hosts in name constraints": limit(x509.UniformResourceIdentifier(".example.com")),
    "a directory in name constraints": limit(x509.DirectoryName(pki.name("app"))),
}
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a negative serial number": (negative_serial, "its serial number is negative"),
    "a key on a curve of brainpool's": (on_brainpool, "its key is on a curve other than P-224, P-256, P-384 and P-521"),
    "a huge RSA exponent": (with_huge_exponent, "the public exponent of its RSA key has more than 64 bits"),
    "a compressed point": (compressed_point, "its key is not an uncompressed point"),
    "a UniversalString": (lambda: naming(_ASN1Type.UniversalString), "its subject holds a string of ASN.1 type 0x1c"),
    "a VisibleString": (lambda: naming(_ASN1Type.VisibleString), "its subject holds a string of ASN.1 type 0x1a"),
    "a critical key identifier": (
        lambda: having(x509.SubjectKeyIdentifier(b"7"), critical=True),
        "its extension 2.5.29.14 is critical",
    ),
    "critical information access": (
        lambda: having(ACCESS, critical=True),
        "its extension 1.3.6.1.5.5.7.1.1 is critical",
    ),
    "an extension with a huge number": (
        lambda: having(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.4294967296"), b"")),
        "an object identifier has a number of 2**31 or more",
    ),
    "a purpose with a huge number": (
        lambda: having(x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.2.4294967296")])),
        "an object identifier has a number of 2**31 or more",
    ),
    "a policy twice": (lambda: having(x509.CertificatePolicies([POLICY, POLICY])), "it holds a policy twice"),
    "a URI with an odd port": (lambda: uri("https://example.com:x/"), "URI 'https://example.com:x/' is malformed"),
    "a URI with an odd address": (lambda: uri("https://[2001]/"), "is malformed"),
    "a domain with a space": (lambda: limit(x509.DNSName("example com")), "the name constraint DNS name 'example com'"),
    "a mailbox with a space": (lambda: limit(x509.RFC822Name("a b@example.com")), "the name constraint e-mail address"),
    "an address for a host": (lambda: limit(x509.UniformResourceIdentifier("192.0.2.1")), "the name constraint URI"),
    "a host with a dot at its end": (
        lambda: limit(x509.UniformResourceIdentifier("example.com.")),
        "the name constraint URI",
    ),
    "two signature algorithms": (
        lambda: pki.armor(_with_another_algorithm(), "CERTIFICATE"),
        "it names two different signature algorithms",
    ),
}


def _with_another_algorithm() -> bytes:
    encoded = pki.authority("CA").certificate.public_bytes(Encoding.DER)
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ECDSA with SHA-256
    before, _, behind = encoded.rpartition(algorithm)
    return before + algorithm[:-1] + b"\x03" + behind  # with SHA-384


@pytest.mark.parametrize("certificate", READ.values(), ids=READ)
def test_what_go_reads_is_passed(go_reader: GoReader, certificate: bytes) -> None:
    assert verdicts(certificate, go_reader) == ("", "")


@pytest.mark.parametrize(("make", "why"), REFUSED.values(), ids=REFUSED)
def test_what_go_does_not_read_is_named(go_reader: GoReader, make: Callable[[], bytes], why: str) -> None:
    ours, theirs = verdicts(make(), go_reader)

    assert why in ours
    assert ours.startswith("Go programs, cert-manager among them, cannot read 'CN=")
    assert theirs


@pytest.mark.parametrize("file", KEPT, ids=[f"{file.parent.name}-{file.name}" for file in KEPT])
def test_what_fuzzing_has_found(go_reader: GoReader, file: Path) -> None:
    try:
        ours, theirs = verdicts(parties.certificate(file.read_bytes()), go_reader)
    except ValueError:
        return  # cryptography does not read it either
    assert ours or not theirs


def verdicts(certificate: bytes, go: GoReader) -> tuple[str, str]:
    """Why Go cannot read it: as go_readable.py has it, and in Go's own words; ValueError for no certificate."""
    [found] = pem.certificates(certificate)
    return go_readable.problem([found]), go.certificate_error(found.public_bytes(Encoding.DER))
