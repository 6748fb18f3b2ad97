"""What came back, held against what was asked, field by field.

Every difference is told, each with the name of its field; an empty list means that all is as asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from tests.e2e.shapes.issuers import Issuer
from tests.e2e.shapes.shape import Row, Shape, describe, read
from tests.support import der

PATIENCE = timedelta(minutes=5)
"""How long a request may have waited for its turn, and how far back a certificate may be dated."""
SECRET = frozenset({"tls.crt", "tls.key", "ca.crt"})
REQUEST = frozenset({"tls.crt", "ca.crt"})
SIGNING_REQUEST = frozenset({"tls.crt"})
Pairs = dict[str, tuple[object, object]]
"""Field → what was asked and what was got."""


@dataclass(frozen=True)
class Answer:
    """`data` is PEM under the keys of a Secret, also where it comes from the status of a request.

    `revision` is the Certificate's, 0 where there is none.
    """

    asked_at: datetime
    csr: bytes
    data: Mapping[str, bytes]
    revision: int = 0

    @property
    def chain(self) -> list[x509.Certificate]:
        return x509.load_pem_x509_certificates(self.data["tls.crt"])

    @property
    def leaf(self) -> x509.Certificate:
        return self.chain[0]


def differences(row: Row, issuer: Issuer, answer: Answer, keys: frozenset[str] = SECRET) -> list[str]:
    """Of an answer that must have these keys, ca.crt where the root is known."""
    keys = keys if issuer.trusted else keys - {"ca.crt"}
    found = read(answer.leaf, issuer.certificate.not_valid_after_utc)
    pairs: Pairs = {"keys": (sorted(keys), sorted(answer.data))}
    pairs |= (
        _shape(row.shape, found)
        | _leaf(row.shape, issuer, answer)
        | _chain(issuer, answer)
        | (_key(row, answer) if "tls.key" in answer.data else {})
    )
    return [f"{row.name}: {name}: asked {asked}, got {got}" for name, (asked, got) in pairs.items() if asked != got]


def _shape(asked: Shape, got: Shape) -> Pairs:
    pairs: Pairs = {each.name: (getattr(asked, each.name), getattr(got, each.name)) for each in fields(Shape)}
    # A set in no particular order, but one in which nothing is there twice.
    pairs["names"] = sorted(asked.names), sorted(got.names)
    return pairs


def _leaf(asked: Shape, issuer: Issuer, answer: Answer) -> Pairs:
    leaf, csr = answer.leaf, x509.load_pem_x509_csr(answer.csr)
    digest = x509.SubjectKeyIdentifier.from_public_key(csr.public_key()).digest
    begins = leaf.not_valid_before_utc
    return {
        "extensions and whether they are critical": (
            asked.extensions,
            {each.oid.dotted_string: each.critical for each in leaf.extensions},
        ),
        "subject, byte for byte": (der.subject(csr).hex(), der.subject(leaf).hex()),
        "public key": (_public(csr.public_key()), _public(leaf.public_key())),
        "subject key identifier": (digest, _subject_key(leaf)),
        "authority key identifier": (_subject_key(issuer.certificate), _authority_key(leaf)),
        "signature algorithm": (issuer.signature, leaf.signature_algorithm_oid.dotted_string),
        "valid from the time of the request": (True, abs(begins - answer.asked_at) <= PATIENCE + timedelta(seconds=1)),
        "version": (x509.Version.v3, leaf.version),
    }


def _chain(issuer: Issuer, answer: Answer) -> Pairs:
    leaf, *above = answer.chain
    trusted = [issuer.trusted] if issuer.trusted else []
    way = [leaf, *above, *trusted]
    pairs: Pairs = {
        "chain": (_names(issuer.chain), _names(above)),
        "chain, byte for byte": (list(issuer.chain), above),
        "self-signed certificates in the chain": ([], _names(each for each in above if each.issuer == each.subject)),
        "verification up to ca.crt": (
            [],
            _names(child for child, parent in pairwise(way) if not _issued(parent, child)),
        ),
    }
    if "ca.crt" in answer.data:
        pairs["ca.crt"] = trusted, x509.load_pem_x509_certificates(answer.data["ca.crt"])
    return pairs


def _key(row: Row, answer: Answer) -> Pairs:
    pem = answer.data["tls.key"]
    private = load_pem_private_key(pem, None)
    label = pem.decode().partition("\n")[0]
    return {
        "private key": (row.shape.key, describe(private.public_key())),
        "encoding of the private key": (f"-----BEGIN {row.encoding}-----", label),
        "private key's public half": (_public(answer.leaf.public_key()), _public(private.public_key())),
    }


def _names(certificates: Iterable[x509.Certificate]) -> list[str]:
    return [each.subject.rfc4514_string() for each in certificates]


def _issued(parent: x509.Certificate, child: x509.Certificate) -> bool:
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _public(key: PublicKeyTypes) -> str:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()


def _subject_key(certificate: x509.Certificate) -> bytes:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def _authority_key(certificate: x509.Certificate) -> bytes | None:
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
