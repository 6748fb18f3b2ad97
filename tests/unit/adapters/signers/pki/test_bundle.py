"""PKCS#7 taken apart: the same certificates as cryptography finds, and nothing but ValueError for what is none."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from adapters.signers.pki import bundle
from tests.support import der, pki

CERTIFICATES = [pki.authority(name, lasts=timedelta(days=9)).certificate for name in ("one", "another", "a third")]
ENCODED = {certificate.public_bytes(Encoding.DER) for certificate in CERTIFICATES}
SIGNED_DATA = base64.b64decode(pki.certs_only(CERTIFICATES))


def test_all_certificates_are_found() -> None:
    assert set(bundle.pkcs7_certificates(SIGNED_DATA)) == ENCODED


def test_what_is_cut_off_is_refused() -> None:
    for end in range(len(SIGNED_DATA)):
        with pytest.raises(ValueError, match="it is cut off"):
            bundle.pkcs7_certificates(SIGNED_DATA[:end])


def test_many_small_elements_take_no_longer_than_their_bytes() -> None:
    """As many as an answer has room for: what copies the rest for each one never comes to an end."""
    with pytest.raises(ValueError, match="is no PKCS#7 SignedData"):
        bundle.pkcs7_certificates(der.element(der.SEQUENCE, b"\x05\x00" * 250_000))


@given(st.integers(0, len(SIGNED_DATA) - 1), st.binary(min_size=1, max_size=8))
def test_hostile_bytes_are_found_or_refused(place: int, inserted: bytes) -> None:
    altered = SIGNED_DATA[:place] + inserted + SIGNED_DATA[place + len(inserted) :]
    try:
        found = bundle.pkcs7_certificates(altered)
    except ValueError:
        return
    assert all(each in altered for each in found)
