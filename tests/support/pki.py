"""Keys, requests and CAs for tests.

Everything is made here, by cryptography alone, and nothing is imported from the code under test. Keys are made
once for a session, since RSA takes its time.
"""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from math import gcd

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7
from cryptography.x509.oid import NameOID

from tests.support import der

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Extensions = Iterable[tuple[x509.ExtensionType, bool]]
"""Each with whether it is critical."""

STRONG = ("rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521", "ed25519")
_MAKERS: dict[str, Callable[[], Key]] = {
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505  # weak on purpose
    "rsa2048": lambda: rsa.generate_private_key(65537, 2048),
    "rsa3072": lambda: rsa.generate_private_key(65537, 3072),
    "rsa4096": lambda: rsa.generate_private_key(65537, 4096),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
}
_SHA256_RSA = bytes.fromhex("300d06092a864886f70d01010b0500")
_SHA256_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
_UNKNOWN = bytes.fromhex("30050603550400")
_SHA1_RSA = bytes.fromhex("300d06092a864886f70d0101050500")
_MD5_RSA = bytes.fromhex("300d06092a864886f70d0101040500")


@cache
def key(kind: str = "p256", owner: str = "") -> Key:
    """The same key for the same arguments; `owner` tells several of a kind apart."""
    return _MAKERS[kind]()


def key_pem(private: Key) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def name(common_name: str) -> x509.Name:
    """An empty one for an empty text."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])


def csr(
    private: Key | ed448.Ed448PrivateKey | None = None,
    *,
    common_name: str = "",
    subject: x509.Name | None = None,
    dns: Sequence[str] = (),
    ips: Sequence[str] = (),
    uris: Sequence[str] = (),
    emails: Sequence[str] = (),
    others: Sequence[x509.GeneralName] = (),
    extensions: Extensions = (),
) -> bytes:
    """A signed PKCS#10 request in PEM; without arguments, for the DNS name app.example.com."""
    private = private or key()
    names: list[x509.GeneralName] = [x509.DNSName(value) for value in dns]
    names += [x509.IPAddress(ipaddress.ip_address(value)) for value in ips]
    names += [x509.UniformResourceIdentifier(value) for value in uris]
    names += [x509.RFC822Name(value) for value in emails]
    names += others
    subject = subject or name(common_name)
    if not names and not subject.rdns:
        names.append(x509.DNSName("app.example.com"))
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=not subject.rdns)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return signed(builder, private)


def signed(builder: x509.CertificateSigningRequestBuilder, private: Key | ed448.Ed448PrivateKey | None = None) -> bytes:
    """For requests that `csr` would not make."""
    private = private or key()
    return builder.sign(private, _hash(private)).public_bytes(Encoding.PEM)


def stub_csr(private: Key | None = None) -> bytes:
    """A request that names nobody, as a kubelet makes it."""
    return signed(x509.CertificateSigningRequestBuilder().subject_name(name("")), private)


def csr_der(csr: bytes) -> bytes:
    """The DER of a request in PEM, as PodCertificateRequests hold it."""
    return x509.load_pem_x509_csr(csr).public_bytes(Encoding.DER)


def csr_signed_by_another_key() -> bytes:
    return _resigned(rsa_key("other"), hashes.SHA256(), _SHA256_RSA)


def csr_signed_with_sha1() -> bytes:
    return _resigned(rsa_key(), hashes.SHA1(), _SHA1_RSA)  # noqa: S303  # weak on purpose


def csr_signed_with_md5() -> bytes:
    return _resigned(rsa_key(), hashes.MD5(), _MD5_RSA)  # noqa: S303  # weak on purpose


def csr_signed_as_if_by_ecdsa() -> bytes:
    """An RSA key's request that claims a signature by an ECDSA key."""
    return _resigned(rsa_key(), hashes.SHA256(), _SHA256_ECDSA)


def csr_signed_with_the_unknown() -> bytes:
    return _resigned(rsa_key(), hashes.SHA256(), _UNKNOWN)


def rsa_key(owner: str = "") -> rsa.RSAPrivateKey:
    private = key("rsa2048", owner)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private


def rsa_key_with_exponent(least: int) -> rsa.RSAPrivateKey:
    """Our RSA key with the first public exponent from there on that fits its primes."""
    numbers = rsa_key().private_numbers()
    order = (numbers.p - 1) * (numbers.q - 1)
    exponent = next(e for e in range(least, least + 10_000, 2) if gcd(e, order) == 1)
    private = pow(exponent, -1, order)
    public = rsa.RSAPublicNumbers(exponent, numbers.public_numbers.n)
    first, second = rsa.rsa_crt_dmp1(private, numbers.p), rsa.rsa_crt_dmq1(private, numbers.q)
    return rsa.RSAPrivateNumbers(numbers.p, numbers.q, private, first, second, numbers.iqmp, public).private_key()


def csr_signed_with_pss(salt: int, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """Our RSA key's request with a signature by RSASSA-PSS, of a salt of so many bytes."""
    digest = digest or hashes.SHA256()
    builder = x509.CertificateSigningRequestBuilder().subject_name(name("app"))
    scheme = padding.PSS(padding.MGF1(digest), salt)
    return builder.sign(rsa_key(), digest, rsa_padding=scheme).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


def armor(data: bytes, label: str = "CERTIFICATE REQUEST") -> bytes:
    """PEM of any bytes, DER or not."""
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n".encode()


def usage(*bits: str) -> x509.KeyUsage:
    """A KeyUsage with these of cryptography's attribute names set."""
    attributes = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{attribute: attribute in bits for attribute in attributes})


@dataclass(frozen=True)
class Authority:
    """A CA to sign tests' certificates with."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return key_pem(self.key)


def authority(
    common_name: str = "Test CA",
    *,
    parent: Authority | None = None,
    private: Key | None = None,
    begins: datetime | None = None,
    lasts: timedelta = timedelta(days=365),
    constraints: x509.BasicConstraints | None = x509.BasicConstraints(ca=True, path_length=None),  # noqa: B008
    bits: Sequence[str] = ("key_cert_sign", "crl_sign"),
    extensions: Extensions = (),
) -> Authority:
    """A root CA, or one below `parent`; valid from an hour ago. Without `constraints` or `bits`, none are there."""
    private = private or key(owner=common_name)
    begins = begins or datetime.now(UTC) - timedelta(hours=1)
    issuer = parent.certificate.subject if parent else name(common_name)
    signing = parent.key if parent else private
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(private.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if constraints:
        builder = builder.add_extension(constraints, critical=True)
    if bits:
        builder = builder.add_extension(usage(*bits), critical=True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return Authority(builder.sign(signing, _hash(signing)), private)


def version_1(root: Authority) -> Authority:
    """The same root in version 1 of X.509, which knows no extensions; of an ECDSA key with SHA-256."""
    _, serial, algorithm, *names_and_key = (
        der.child(root.certificate.tbs_certificate_bytes, place) for place in range(7)
    )
    body = der.element(der.SEQUENCE, serial, algorithm, *names_and_key)
    assert isinstance(root.key, ec.EllipticCurvePrivateKey)
    signature = der.element(0x03, b"\x00", root.key.sign(body, ec.ECDSA(hashes.SHA256())))
    return Authority(x509.load_der_x509_certificate(der.element(der.SEQUENCE, body, algorithm, signature)), root.key)


def altered(
    certificate: x509.Certificate,
    by: Authority,
    *,
    subject: x509.Name | None = None,
    public_key: Key | None = None,
    begins: datetime | None = None,
    ends: datetime | None = None,
    extension: x509.ExtensionType | None = None,
    critical: bool = False,
    without: type[x509.ExtensionType] | None = None,
) -> x509.Certificate:
    """The same certificate signed anew by a CA, with one thing changed: what a lying CA would return."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(certificate.subject if subject is None else subject)
        .issuer_name(by.certificate.subject)
        .public_key(public_key.public_key() if public_key else certificate.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or certificate.not_valid_before_utc)
        .not_valid_after(ends or certificate.not_valid_after_utc)
    )
    if extension:
        builder = builder.add_extension(extension, critical)
        without = type(extension)
    for kept in certificate.extensions:
        if not (without and isinstance(kept.value, without)):
            builder = builder.add_extension(kept.value, kept.critical)
    return builder.sign(by.key, _hash(by.key))


def signed_with_sha1(leaf: Authority, by: Authority) -> Authority:
    """The same certificate with a signature that cryptography's builder would refuse to make; `by` has an RSA key."""
    assert isinstance(by.key, rsa.RSAPrivateKey)
    body = leaf.certificate.tbs_certificate_bytes.replace(_SHA256_RSA, _SHA1_RSA)
    signature = by.key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  # weak on purpose
    encoded = der.element(der.SEQUENCE, body, _SHA1_RSA, der.element(0x03, b"\x00", signature))
    return Authority(x509.load_der_x509_certificate(encoded), leaf.key)


def _hash(private: Key | ed448.Ed448PrivateKey) -> hashes.SHA256 | None:
    return None if isinstance(private, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey) else hashes.SHA256()


def _resigned(signing: rsa.RSAPrivateKey, algorithm: hashes.HashAlgorithm, identifier: bytes) -> bytes:
    """A request for our RSA key with a signature that cryptography's builder would refuse to make."""
    body = x509.load_pem_x509_csr(csr(rsa_key())).tbs_certrequest_bytes
    signature = signing.sign(body, padding.PKCS1v15(), algorithm)
    return armor(der.element(der.SEQUENCE, body, identifier, der.element(0x03, b"\x00", signature)))


def certs_only(certificates: Sequence[x509.Certificate]) -> bytes:
    """PKCS#7 in base64, as EST servers answer."""
    return base64.encodebytes(pkcs7.serialize_certificates(list(certificates), Encoding.DER))
