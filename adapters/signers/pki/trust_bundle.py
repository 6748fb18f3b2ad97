"""What a ClusterTrustBundle holds when the roots of a CA change: the old ones too, until they expire."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from cryptography import x509

from adapters.signers.pki import bundle, pem

_LARGEST = 1024**2
"""Bytes that the API server takes."""


def merge(published: bytes, found: bytes, now: datetime) -> bytes:
    """PEM of all certificates of both that have not expired, each once, the published ones first.

    What is published and cannot be read is dropped. ValueError where one of those found cannot be read, or where all
    together are too large.
    """
    before: list[x509.Certificate] = []
    with suppress(ValueError):
        before, _ = pem.readable_certificates(published, _LARGEST)
    merged = pem.encode(bundle.unexpired(dict.fromkeys([*before, *pem.certificates(found, pem.BUNDLE_LIMIT)]), now))
    if len(merged) > pem.BUNDLE_LIMIT:
        raise ValueError(
            f"would have {len(merged):,} bytes with its old roots, more than the {pem.BUNDLE_LIMIT:,} allowed; delete"
            " it to begin with the present roots alone"
        )
    return merged
