"""Reads a certificate signing request (PKCS#10, RFC 2986), once and completely.

What comes out is well-formed, signed by its own key, strong enough, and the same as Go's crypto/x509 reads; anything
else is RequestRejected, whatever the bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.signers.pki import csr_encoding, keys, names, parsing, pem, usages
from adapters.signers.pki.parsing import suppress_warnings
from domain.errors import RequestRejected, UnsupportedKey
from domain.model import SignRequest

_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")  # the second is older (RFC 7468 section 7)
_SIGNATURE_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class CSR:
    """What a request asks for; None where it says nothing. `der` is the request as it was received.

    `ignored` are the values in DER of the extensions that requests cannot ask for here, by their identifiers.
    """

    der: bytes
    public_key: keys.PublicKey
    subject: x509.Name
    names: x509.SubjectAlternativeName | None
    constraints: x509.BasicConstraints | None = None
    bits: frozenset[str] | None = None
    purposes: frozenset[x509.ObjectIdentifier] | None = None
    name_constraints: x509.Extension[x509.NameConstraints] | None = None
    ignored: Mapping[str, bytes] = field(default_factory=dict)


def asked(order: SignRequest) -> CSR:
    """What the order asks for: all that its CSR says; for a pod, whose names the order assigns, the CSR's key alone."""
    if order.names is None:
        return read(order.csr)
    der, key = read_key(order.csr)
    assigned = [x509.UniformResourceIdentifier(order.names.uri), *map(x509.DNSName, order.names.dns_names)]
    return CSR(der, key, x509.Name([]), x509.SubjectAlternativeName(assigned))


@lru_cache(maxsize=16)  # the same one is read before the signer is asked, and by the signer
def read(request: bytes) -> CSR:
    """Reads the PEM of a PKCS#10 request and verifies its signature; RequestRejected names spec.request."""
    with _refusing("spec.request"):
        return _read(pem.single(request, _LABELS, pem.CSR_LIMIT))


@lru_cache(maxsize=16)
def read_key(request: bytes) -> tuple[bytes, keys.PublicKey]:
    """As `read`, for a kubelet's request: its DER and its key, whatever else it says."""
    with _refusing("spec.stubPKCS10Request"):
        der = pem.single(request, _LABELS, pem.CSR_LIMIT)
        return der, _verified(der)[1]


@contextmanager
def _refusing(where: str) -> Iterator[None]:
    try:
        with parsing.translate_panics(), suppress_warnings():  # warnings: names that are longer than RFC 5280 has them
            yield
    except keys.NotAccepted as error:
        raise UnsupportedKey(f"{where}: {error}") from None
    except (ValueError, parsing.Panicked) as error:
        raise RequestRejected(f"{where}: {error}") from None


def _read(der: bytes) -> CSR:
    parsed, key, ignored = _verified(der)
    try:
        subject, asked = parsed.subject, parsed.extensions
        bits, purposes = usages.stated_bits(asked), usages.stated_purposes(asked)
    except Exception as error:  # which errors hostile bytes lead to is documented nowhere
        raise ValueError(f"cannot be read: {parsing.reason(error)}") from None
    alternative = names.asked(asked)
    if not subject.rdns and alternative is None:
        raise ValueError("names nobody: give it a subject or subject alternative names (RFC 5280 section 4.1.2.6)")
    return CSR(
        der=der,
        public_key=key,
        subject=subject,
        names=alternative,
        constraints=parsing.extension_value(asked, x509.BasicConstraints),
        bits=bits,
        purposes=purposes,
        name_constraints=parsing.extension(asked, x509.NameConstraints),
        ignored=ignored,
    )


def _verified(der: bytes) -> tuple[x509.CertificateSigningRequest, keys.PublicKey, Mapping[str, bytes]]:
    """The request, the key that made its signature, and the values of the extensions that are ignored."""
    try:
        encoding = csr_encoding.normalize(der)
    except ValueError as error:
        raise ValueError(f"cannot be read: {error}") from None
    try:
        parsed = x509.load_der_x509_csr(encoding.request)
        found = parsed.public_key()
    except Exception as error:  # as above
        raise ValueError(f"cannot be read: {parsing.reason(error)}") from None
    key = keys.accepted(found)
    if key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) != encoding.public_key:
        raise ValueError(
            "holds its public key in an unusual encoding, such as a compressed point, which Go does not read"
        )
    _verify(parsed, key, encoding.signed)
    return parsed, key, encoding.ignored


def _verify(parsed: x509.CertificateSigningRequest, key: keys.PublicKey, signed: bytes) -> None:
    """ValueError unless the key made the signature over these bytes, with an algorithm that is accepted."""
    try:
        digest, parameters = parsed.signature_hash_algorithm, parsed.signature_algorithm_parameters
    except Exception:  # as above
        raise ValueError("is signed with an unknown algorithm; use SHA-256, SHA-384, SHA-512 or Ed25519") from None
    if digest is not None and not isinstance(digest, _SIGNATURE_HASHES):
        raise ValueError(
            f"is signed with {digest.name}, which is not accepted; use SHA-256, SHA-384, SHA-512 or Ed25519"
        )
    try:
        match key, parameters:
            case RSAPublicKey(), PKCS1v15() | PSS() if digest is not None:
                key.verify(parsed.signature, signed, parameters, digest)
            case EllipticCurvePublicKey(), ECDSA():
                key.verify(parsed.signature, signed, parameters)
            case Ed25519PublicKey(), None:
                key.verify(parsed.signature, signed)
            case _:
                raise InvalidSignature
    except InvalidSignature:
        raise ValueError("has a signature that its own key did not make; create the request anew") from None
