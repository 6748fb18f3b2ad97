"""What is signed is what an approver has read: the issuer reads requests as Go does, or refuses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.signer_cases import CONSTRAINTS, NAMES, REFUSED, SUBJECTS, ca_request
from tests.integration.x509_reader.comparison import require_same_reading
from tests.integration.x509_reader.encodings import READ
from tests.integration.x509_reader.encodings import REFUSED as REFUSED_ENCODINGS
from tests.integration.x509_reader.reader import GoReader
from tests.support import pki, raw_csr
from tests.support.der import SEQUENCE, UTF8, element
from tests.tools.fuzz import parties
from tests.tools.fuzz.seeds import CORPUS

KEPT = sorted(path for folder in ("csr", "request") for path in (CORPUS / folder).iterdir())


@pytest.mark.parametrize("request_", READ.values(), ids=READ)
def test_an_odd_encoding_is_read_as_go_reads_it(go_reader: GoReader, request_: bytes) -> None:
    assert require_same_reading(request_, go_reader)


@pytest.mark.parametrize("request_", [request for request, _ in REFUSED_ENCODINGS.values()], ids=REFUSED_ENCODINGS)
def test_another_odd_encoding_is_refused(go_reader: GoReader, request_: bytes) -> None:
    assert not require_same_reading(request_, go_reader)


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_names_of_all_kinds(go_reader: GoReader, names: dict[str, Any]) -> None:
    assert require_same_reading(pki.csr(**names), go_reader)


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
def test_subjects_of_all_kinds(go_reader: GoReader, subject: Any) -> None:
    assert require_same_reading(pki.csr(subject=subject), go_reader)


@pytest.mark.parametrize("kind", pki.STRONG)
def test_keys_of_all_kinds(go_reader: GoReader, kind: str) -> None:
    assert require_same_reading(pki.csr(pki.key(kind)), go_reader)


@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()], ids=lambda digest: digest.name)
def test_signatures_by_rsassa_pss(go_reader: GoReader, digest: hashes.HashAlgorithm) -> None:
    assert require_same_reading(pki.csr_signed_with_pss(digest.digest_size, digest), go_reader)
    assert not require_same_reading(pki.csr_signed_with_pss(20, digest), go_reader)


def test_rsa_exponents(go_reader: GoReader) -> None:
    assert require_same_reading(pki.csr(pki.rsa_key_with_exponent(2**31 - 10_001)), go_reader)
    assert not require_same_reading(pki.csr(pki.rsa_key_with_exponent(2**31 + 1)), go_reader)


@pytest.mark.parametrize("constraints", CONSTRAINTS.values(), ids=CONSTRAINTS)
def test_what_a_ca_asks_for(go_reader: GoReader, constraints: Any) -> None:
    assert require_same_reading(ca_request(1, (constraints, True), (pki.usage("key_cert_sign"), True)), go_reader)


@pytest.mark.parametrize("make", [make for make, _ in REFUSED.values()], ids=REFUSED)
def test_what_every_signer_refuses(go_reader: GoReader, make: Callable[[], bytes]) -> None:
    require_same_reading(make(), go_reader)


@pytest.mark.parametrize("file", KEPT, ids=[f"{file.parent.name}-{file.name}" for file in KEPT])
def test_what_fuzzing_has_found(go_reader: GoReader, file: Path) -> None:
    data = file.read_bytes()
    for request in (data, pki.armor(data), parties.request(data)):
        require_same_reading(request, go_reader)


STRINGS = st.sampled_from([UTF8, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B, 0x1C, 0x1E, 0x04, 0x02])
CONTENTS = st.one_of(
    st.sampled_from([b"app", b"*.a.test", b"R&D", b"a_b", b"a\0b", "ü".encode(), b"\xfc", b"", b"12 3"]),
    st.binary(max_size=6),
)
STRING = st.builds(element, STRINGS, CONTENTS)
SUBJECT = st.lists(
    st.lists(st.tuples(st.sampled_from([raw_csr.COMMON_NAME, raw_csr.ORGANIZATION]), STRING), max_size=2), max_size=3
).map(lambda sets: raw_csr.name(*sets))
URIS = st.text(st.sampled_from("ahtps:/?#[]@%.0128*_ -"), max_size=12).map(str.encode)
NAME = st.one_of(
    st.builds(element, st.sampled_from([0x81, 0x82]), CONTENTS),
    st.builds(element, st.just(0x86), URIS | st.builds(lambda rest: b"https://" + rest, URIS)),
    st.builds(element, st.just(0x87), st.sampled_from([0, 3, 4, 5, 8, 16, 17, 32]).map(bytes)),
    st.builds(element, st.just(0xA4), SUBJECT),
    st.builds(element, st.sampled_from([0x80, 0x83, 0xA0, 0xA3, 0xA5, 0x88, 0x89]), st.binary(max_size=6)),
)
CRITICAL = st.sampled_from([b"", raw_csr.FALSE, raw_csr.TRUE, element(0x01, b"\x01")])
EXTENSION = st.one_of(
    st.builds(lambda names, critical: raw_csr.alternative_names(*names, critical=critical), st.lists(NAME), CRITICAL),
    st.builds(
        raw_csr.extension, st.just(raw_csr.KEY_USAGE), st.binary(max_size=3).map(lambda b: element(3, b)), CRITICAL
    ),
    st.builds(
        raw_csr.extension,
        st.just(raw_csr.BASIC_CONSTRAINTS),
        st.lists(
            st.sampled_from([raw_csr.FALSE, raw_csr.TRUE, element(2, b"\1"), element(2, b"\xff")]), max_size=3
        ).map(lambda parts: element(SEQUENCE, *parts)),
        CRITICAL,
    ),
    st.builds(
        raw_csr.extension,
        st.just(raw_csr.EXTENDED_KEY_USAGE),
        st.lists(st.binary(max_size=8).map(lambda oid: element(6, oid)), max_size=2).map(
            lambda oids: element(SEQUENCE, *oids)
        ),
        CRITICAL,
    ),
    st.builds(raw_csr.extension, st.just(raw_csr.UNKNOWN), st.binary(max_size=3), CRITICAL),
)
ATTRIBUTE = st.one_of(
    st.builds(
        lambda extensions, by: raw_csr.asked(*extensions, by=by),
        st.lists(EXTENSION, max_size=3),
        st.sampled_from([raw_csr.EXTENSION_REQUEST] * 6 + [raw_csr.MICROSOFT_EXTENSION_REQUEST]),
    ),
    st.builds(raw_csr.attribute, st.just(raw_csr.CHALLENGE_PASSWORD), STRING),
)


@given(subject=SUBJECT, attributes=st.lists(ATTRIBUTE, max_size=3))
def test_what_is_put_together_at_random(go_reader: GoReader, subject: bytes, attributes: list[bytes]) -> None:
    require_same_reading(raw_csr.request(subject=subject, attributes=attributes), go_reader)
