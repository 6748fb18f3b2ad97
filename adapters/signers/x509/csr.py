"""A certificate signing request, read once and completely.

Law: bytes in; a CSR that is well-formed, signed by its own key and strong enough comes out, or RequestRejected.
No other exception, whatever the bytes. Format: RFC 2986.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from adapters.signers.x509 import extensions, keys, names, panics, pem, usages
from adapters.signers.x509.quiet import quiet
from domain.errors import RequestRejected

_REMEDY = "make one with `openssl req -new` or cmctl"
_SIGNATURE_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class CSR:
    """What a request asks for; None where it says nothing. Extensions that are not listed here are not known."""

    public_key: keys.PublicKey
    subject: x509.Name
    names: x509.SubjectAlternativeName | None
    constraints: x509.BasicConstraints | None
    bits: frozenset[str] | None
    purposes: frozenset[x509.ObjectIdentifier] | None
    name_constraints: x509.Extension[x509.NameConstraints] | None


@lru_cache(maxsize=16)  # the same one is read before the signer is asked, and by the signer
def read(request: bytes) -> CSR:
    """Reads the PEM of a PKCS#10 request and verifies its signature; RequestRejected names spec.request."""
    try:
        blocks = pem.decode(request, "CERTIFICATE REQUEST", pem.CSR_LIMIT)
        if len(blocks) > 1:
            raise ValueError(f"holds {len(blocks)} requests where one is expected")
        with panics.contained():
            with quiet():  # of names that are longer than RFC 5280 has them: a host of more than 64 characters as CN
                parsed, csr = _parse(blocks[0])
            _verify(parsed)
    except (ValueError, panics.Panicked) as error:
        raise RequestRejected(f"spec.request: {error}") from None
    return csr


def _parse(der: bytes) -> tuple[x509.CertificateSigningRequest, CSR]:
    try:
        parsed = x509.load_der_x509_csr(der)
        key = parsed.public_key()
        subject = parsed.subject
        asked = parsed.extensions
        bits, purposes = usages.stated_bits(asked), usages.stated_purposes(asked)
    except x509.UnsupportedGeneralNameType:
        raise ValueError("holds an x400Address or ediPartyName, which is not supported; leave that name out") from None
    except Exception:  # which errors hostile bytes lead to is nowhere documented
        raise ValueError(f"is no well-formed certificate signing request (PKCS#10); {_REMEDY}") from None
    alternative = names.asked(asked)
    if not subject.rdns and alternative is None:
        raise ValueError("names nobody: give it a subject or subject alternative names (RFC 5280 section 4.1.2.6)")
    return parsed, CSR(
        public_key=keys.accepted(key),
        subject=subject,
        names=alternative,
        constraints=extensions.value(asked, x509.BasicConstraints),
        bits=bits,
        purposes=purposes,
        name_constraints=extensions.find(asked, x509.NameConstraints),
    )


def _verify(parsed: x509.CertificateSigningRequest) -> None:
    try:
        algorithm = parsed.signature_hash_algorithm
    except Exception:
        raise ValueError("is signed with an unknown algorithm; use SHA-256, SHA-384, SHA-512 or Ed25519") from None
    if algorithm is not None and not isinstance(algorithm, _SIGNATURE_HASHES):
        raise ValueError(
            f"is signed with {algorithm.name}, which is not accepted; use SHA-256, SHA-384, SHA-512 or Ed25519"
        )
    if not parsed.is_signature_valid:
        raise ValueError("has a signature that its own key did not make; create the request anew")
