"""PEM in, DER out, within limits.

Law: sizes are looked at before anything is decoded. Every mistake becomes a ValueError that goes on where the
caller's sentence begins ('tls.crt ' + 'holds no …') and quotes nothing of what was read.
Format: RFC 7468; sizes: cert-manager's since CVE-2024-12401.
"""

import base64
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.signers.x509.quiet import quiet

CSR_LIMIT = 36_500
LEAF_LIMIT = 36_500
CHAIN_LIMIT = 95_000
BUNDLE_LIMIT = 330_000
CERTIFICATES_LIMIT = 1_000


def decode(pem: bytes, label: str, limit: int) -> list[bytes]:
    """The DER of each block, at least one; all must bear `label`, `pem` may have `limit` bytes at most.

    Text around the blocks is ignored (RFC 7468 section 2), headers inside are refused (Kubernetes' rule for CSRs).
    """
    if len(pem) > limit:
        raise ValueError(f"has {len(pem):,} bytes, more than the {limit:,} allowed")
    found = []
    rest = pem
    while True:
        _, begin, rest = rest.partition(b"-----BEGIN ")
        if not begin:
            break
        if not rest.startswith(f"{label}-----".encode()):
            raise ValueError(f"holds a PEM block that is no {label}")
        body, end, rest = rest[len(label) + 5 :].partition(f"-----END {label}-----".encode())
        if not end:
            raise ValueError(f"is cut off: its {label} block has no end")
        found.append(_decode(body))
        if len(found) > CERTIFICATES_LIMIT:
            raise ValueError(f"holds more than the {CERTIFICATES_LIMIT:,} PEM blocks allowed")
    if not found:
        raise ValueError(f"holds no PEM block of type {label}")
    return found


def _decode(body: bytes) -> bytes:
    if b":" in body:
        raise ValueError("has PEM headers, which are not allowed")
    try:
        return base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError:
        raise ValueError("holds a PEM block that is not base64") from None


def certificates(pem: bytes, limit: int = CHAIN_LIMIT) -> list[x509.Certificate]:
    """All certificates, in the order they have there; ValueError where one cannot be read."""
    found, unreadable = readable_certificates(pem, limit)
    for sentence in unreadable.values():
        raise ValueError(sentence)
    return found


def readable_certificates(pem: bytes, limit: int = CHAIN_LIMIT) -> tuple[list[x509.Certificate], dict[int, str]]:
    """As `readable`, of PEM."""
    return readable(decode(pem, "CERTIFICATE", limit))


def readable(encoded: Iterable[bytes]) -> tuple[list[x509.Certificate], dict[int, str]]:
    """The certificates that can be read from DER, in their order, and for each other one, by its place, a sentence.

    Places count from 1. ValueError where none can be read.
    """
    found: list[x509.Certificate] = []
    unreadable: dict[int, str] = {}
    for place, der in enumerate(encoded, start=1):
        try:
            found.append(_certificate(der, place))
        except ValueError as error:
            unreadable[place] = str(error)
    if not found and unreadable:
        raise ValueError(next(iter(unreadable.values())))
    return found, unreadable


def _certificate(der: bytes, place: int) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
        read_through(certificate)
    except Exception:  # which errors hostile bytes lead to is nowhere documented
        raise ValueError(f"cannot be read: certificate {place} is malformed") from None
    return certificate


def read_through(certificate: x509.Certificate) -> None:
    """cryptography reads these only when asked: asked now, so that nobody meets their errors (of any class) later."""
    with quiet():  # of names that are longer than RFC 5280 has them
        _ = certificate.subject, certificate.issuer, certificate.extensions


def encode(chain: Iterable[x509.Certificate]) -> bytes:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
