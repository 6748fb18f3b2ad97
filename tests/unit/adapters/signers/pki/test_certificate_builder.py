from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from adapters.signers.pki import certificate_builder as leaf
from adapters.signers.pki import csr as csrs
from domain.errors import RequestRejected
from domain.model import SignRequest
from tests.support import der, pki
from tests.unit.adapters.signers.orders import order

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTES = timedelta(minutes=1)


def sign(asked: SignRequest, ca: pki.Authority, now: datetime = NOW) -> x509.Certificate:
    return leaf.sign(csrs.read(asked.csr), asked, ca.certificate, ca.key, now)


@pytest.fixture(scope="module")
def ca() -> pki.Authority:
    return pki.authority(begins=NOW - timedelta(days=1), lasts=timedelta(days=101))


# Names


READ = ("UTF8String", "PrintableString", "IA5String", "T61String", "BMPString", "NumericString")


@pytest.mark.parametrize("string", [_ASN1Type[kind] for kind in READ], ids=READ)
def test_the_subject_is_copied_byte_for_byte(ca: pki.Authority, string: _ASN1Type) -> None:
    subject = x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "2030 01 01", string)]),
            x509.RelativeDistinguishedName(
                [
                    x509.NameAttribute(NameOID.COMMON_NAME, "app"),
                    x509.NameAttribute(NameOID.USER_ID, "7", string),
                    x509.NameAttribute(NameOID.COUNTRY_NAME, "DE"),
                ]
            ),
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "second")]),
        ]
    )
    csr = pki.csr(subject=subject)

    certificate = sign(order(csr), ca)

    in_request = der.subject(x509.load_pem_x509_csr(csr))
    assert der.subject(certificate) == in_request
    assert subject.public_bytes() == in_request


def test_every_kind_of_alternative_name_is_copied_byte_for_byte(ca: pki.Authority) -> None:
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("b.example.com"),
            x509.DNSName("a.example.com"),
            x509.DNSName("b.example.com"),
            x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x04user"),
            x509.DirectoryName(pki.name("elsewhere")),
            x509.RegisteredID(x509.ObjectIdentifier("1.2.3")),
        ]
    )
    csr = pki.csr(common_name="app", extensions=[(names, False)])

    certificate = sign(order(csr), ca)

    assert certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value == names


def test_a_ca_gets_its_name_constraints_and_a_leaf_does_not(ca: pki.Authority) -> None:
    constraints = x509.NameConstraints([x509.DNSName("example.com")], None)
    csr = pki.csr(common_name="A CA", extensions=[(constraints, True)])

    for_ca, for_leaf = sign(order(csr, is_ca=True), ca), sign(order(csr), ca)

    copied = for_ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert (copied.value, copied.critical) == (constraints, True)
    with pytest.raises(x509.ExtensionNotFound):
        for_leaf.extensions.get_extension_for_class(x509.NameConstraints)


def test_there_are_no_extensions_but_ours(ca: pki.Authority) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    points = x509.CRLDistributionPoints(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://attacker.example/crl")], None, None, None)]
    )
    csr = pki.csr(extensions=[(unknown, False), (points, False), (x509.OCSPNoCheck(), False)])

    certificate = sign(order(csr, usages=("digital signature", "server auth")), ca)

    assert {type(extension.value) for extension in certificate.extensions} == {
        x509.BasicConstraints,
        x509.KeyUsage,
        x509.ExtendedKeyUsage,
        x509.SubjectAlternativeName,
        x509.SubjectKeyIdentifier,
        x509.AuthorityKeyIdentifier,
    }


def test_only_purposes_means_no_key_usage(ca: pki.Authority) -> None:
    certificate = sign(order(usages=("server auth",)), ca)

    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.KeyUsage)


# Time


@pytest.mark.parametrize(
    ("duration", "lasts", "backdated"),
    [
        (timedelta(days=1), timedelta(days=1), 5 * MINUTES),
        (timedelta(hours=1), timedelta(hours=1), 5 * MINUTES),
        (timedelta(minutes=59, seconds=59), timedelta(minutes=59, seconds=59), timedelta(minutes=5)),
        (timedelta(minutes=10), timedelta(minutes=10), timedelta(seconds=50)),
        (timedelta(seconds=1), timedelta(seconds=1), timedelta(seconds=1)),
        (None, timedelta(days=90), 5 * MINUTES),
    ],
)
def test_it_lasts_exactly_as_long_as_asked(
    ca: pki.Authority, duration: timedelta | None, lasts: timedelta, backdated: timedelta
) -> None:
    certificate = sign(order(duration=duration), ca)

    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == lasts
    assert certificate.not_valid_before_utc == NOW - backdated


@pytest.mark.parametrize("microsecond", [1, 499_999, 999_999])
def test_it_lasts_exactly_as_long_as_asked_within_a_second(ca: pki.Authority, microsecond: int) -> None:
    certificate = sign(order(duration=timedelta(minutes=10)), ca, NOW.replace(microsecond=microsecond))

    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(minutes=10)


@pytest.mark.parametrize("duration", [timedelta(days=100, minutes=5, seconds=1), timedelta(days=200), timedelta.max])
def test_it_ends_with_its_ca_at_the_latest(ca: pki.Authority, duration: timedelta) -> None:
    assert sign(order(duration=duration), ca).not_valid_after_utc == ca.certificate.not_valid_after_utc


def test_it_does_not_begin_before_its_ca() -> None:
    ca = pki.authority(begins=NOW - 2 * MINUTES)

    certificate = sign(order(duration=timedelta(hours=1)), ca)

    assert certificate.not_valid_before_utc == NOW - 2 * MINUTES
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(hours=1)


@pytest.mark.parametrize("duration", [timedelta(0), timedelta(seconds=-1)])
def test_a_duration_that_is_none_is_refused(ca: pki.Authority, duration: timedelta) -> None:
    with pytest.raises(RequestRejected, match=r"spec\.duration: must be positive"):
        sign(order(duration=duration), ca)


# The CA's part


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [("rsa2048", "sha256"), ("p256", "sha256"), ("p384", "sha384"), ("p521", "sha512"), ("ed25519", None)],
)
def test_the_hash_fits_the_ca_key(kind: str, algorithm: str | None) -> None:
    ca = pki.authority(private=pki.key(kind, "ca"), begins=NOW)

    used = sign(order(), ca).signature_hash_algorithm

    assert (used and used.name) == algorithm


def test_the_authority_key_identifier_is_the_one_in_the_ca_certificate(ca: pki.Authority) -> None:
    own = x509.SubjectKeyIdentifier(b"an identifier that no hash gives")
    odd = pki.Authority(pki.altered(ca.certificate, ca, extension=own), ca.key)

    identifier = sign(order(), odd).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

    assert identifier.key_identifier == own.digest


def test_a_ca_certificate_without_key_identifier_will_do(ca: pki.Authority) -> None:
    plain = pki.Authority(pki.altered(ca.certificate, ca, without=x509.SubjectKeyIdentifier), ca.key)

    identifier = sign(order(), plain).extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value

    assert identifier.key_identifier == x509.SubjectKeyIdentifier.from_public_key(ca.key.public_key()).digest
