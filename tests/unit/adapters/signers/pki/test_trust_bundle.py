"""The merging of roots: nothing that has not expired is lost, nothing that has expired stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from adapters.signers.pki import pem, trust_bundle
from tests.support import pki

BEGIN = datetime(2030, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ROOTS = [pki.authority(f"root {days}", begins=BEGIN, lasts=days * DAY) for days in range(1, 9)]
SOME = st.lists(st.sampled_from(ROOTS), max_size=6)
NOT_NONE = st.lists(st.sampled_from(ROOTS), min_size=1, max_size=6)
DAYS = st.floats(0, 10).map(lambda days: BEGIN + days * DAY) | st.sampled_from(range(9)).map(lambda d: BEGIN + d * DAY)


def written(roots: list[pki.Authority]) -> bytes:
    return b"".join(root.pem for root in roots)


def read(bundle: bytes) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(bundle) if bundle else []


@given(SOME, NOT_NONE, DAYS)
def test_what_has_not_expired_is_there_once_and_nothing_else(
    published: list[pki.Authority], found: list[pki.Authority], now: datetime
) -> None:
    merged = read(trust_bundle.merge(written(published), written(found), now))

    unexpired = [root.certificate for root in published + found if now < root.certificate.not_valid_after_utc]
    assert merged == list(dict.fromkeys(unexpired))  # in this order


@given(SOME, NOT_NONE, DAYS)
def test_merging_again_changes_nothing(
    published: list[pki.Authority], found: list[pki.Authority], now: datetime
) -> None:
    once = trust_bundle.merge(written(published), written(found), now)

    assert trust_bundle.merge(once, written(found), now) == once
    assert trust_bundle.merge(once, written(found[::-1]), now) == once


@pytest.mark.parametrize("published", [b"", b"no PEM", b"\xff", pki.armor(b"no DER", "CERTIFICATE")])
def test_what_is_published_and_cannot_be_read_is_dropped(published: bytes) -> None:
    assert trust_bundle.merge(published, ROOTS[0].pem, BEGIN) == ROOTS[0].pem
    assert trust_bundle.merge(published + b"\n" + ROOTS[1].pem, ROOTS[0].pem, BEGIN) == ROOTS[1].pem + ROOTS[0].pem


@pytest.mark.parametrize("found", [b"no PEM", ROOTS[0].pem + pki.armor(b"no DER", "CERTIFICATE")])
def test_a_root_that_was_found_and_cannot_be_read_is_an_error(found: bytes) -> None:
    with pytest.raises(ValueError, match=r"holds no PEM block|cannot be read: certificate 2"):
        trust_bundle.merge(ROOTS[1].pem, found, BEGIN)


def test_a_ca_that_returns_new_roots_at_each_check_makes_no_bundle_without_end() -> None:
    filling = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x" * 100_000)
    large = [pki.authority(f"large {number}", begins=BEGIN, extensions=[(filling, False)]).pem for number in range(3)]
    merged = trust_bundle.merge(large[0], large[1], BEGIN)
    assert len(merged) <= pem.BUNDLE_LIMIT
    with pytest.raises(ValueError, match=r"would have [\d,]+ bytes with its old roots, more than .*; delete it"):
        trust_bundle.merge(merged, large[2], BEGIN)
