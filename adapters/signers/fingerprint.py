"""By what a change of a Secret is noticed without keeping its data, and the size of what was parsed of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from domain.model import Credentials


def fingerprint(credentials: Credentials) -> bytes:
    """A SHA-256 of the Secret's data and version."""
    digest = hashlib.sha256(credentials.version.encode())
    for name, content in sorted(credentials.data.items()):
        digest.update(b"%d %d %b" % (len(name.encode()), len(content), name.encode()))
        digest.update(content)
    return digest.digest()


def size(certificates: Iterable[x509.Certificate]) -> int:
    """About how many bytes of memory parsed certificates take: twice their DER."""
    return sum(2 * len(certificate.public_bytes(Encoding.DER)) for certificate in certificates)
