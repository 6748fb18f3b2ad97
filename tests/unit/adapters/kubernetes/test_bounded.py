"""Of what a tenant fills at will little is kept; what is wrong with the rest is said: field, size, limit, remedy."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from domain.annotations import DURATION, IS_CA
from domain.model import UNKNOWN_KIND
from entrypoints.issuer import NAMES
from tests.unit.adapters.kubernetes.test_codec import GROUP, a_request, a_signing_request, translated

REF = {"group": GROUP, "kind": NAMES.issuer, "name": "ca"}


def encoded(size: int) -> str:
    return base64.b64encode(b"x" * size).decode()


@pytest.mark.parametrize("a_kind", [a_request, a_signing_request])
def test_a_csr_that_is_too_large_to_be_signed_is_not_kept(a_kind: Any) -> None:
    most = a_kind(spec={"request": encoded(65_536), "issuerRef": REF})
    assert (len(most.csr), most.problem) == (65_536, "")
    larger = a_kind(spec={"request": encoded(2**20), "issuerRef": REF})
    assert larger.csr == b""
    assert larger.problem == (
        "spec.request: 1,048,576 bytes, and no more than 65,536 are read; create a CSR with fewer names"
    )


@pytest.mark.parametrize("a_kind", [a_request, a_signing_request])
def test_usages_without_end_are_not_kept(a_kind: Any) -> None:
    found = a_kind(spec={"usages": ["server auth"] * 80_000})
    assert found.usages == ()
    assert found.problem == "spec.usages: 960,000 characters, and no more than 4,096 are read; name each usage once"
    assert a_kind(spec={"usages": ["server auth"] * 23}).usages == ("server auth",) * 23


def test_an_issuer_of_a_name_that_none_can_have_is_none() -> None:
    found = a_request(spec={"issuerRef": REF | {"name": "a" * 2**20}, "request": "YWJj"})
    assert found.issuer is not None
    assert (found.issuer.kind, found.issuer.name, found.csr) == (UNKNOWN_KIND, "a" * 80, b"")
    assert found.unserved == (
        "spec.issuerRef.name: 1,048,576 characters, and a name has at most 253;"
        " name an issuer in the Certificate, or in a new request"
    )
    assert a_request(spec={"issuerRef": REF | {"name": "a" * 253}}).unserved == ""


def test_a_spec_without_end_is_not_kept() -> None:
    spec = translated(NAMES.issuer, spec={"authSecretName": "x" * 524_288}).spec
    assert (spec.options, len(spec.secret.name)) == (None, 253)
    assert spec.problem == "spec: 524,309 bytes, and no more than 16,384 are read; make its texts shorter"


@pytest.mark.parametrize("kind", [NAMES.issuer, "CertificateRequest", "CertificateSigningRequest"])
def test_of_annotations_those_that_are_read_are_kept_and_whether_the_others_changed(kind: str) -> None:
    def annotated(**told: str) -> Any:
        annotations = {DURATION: "10m", IS_CA: "true"} | told
        return translated(kind, metadata={"annotations": annotations}, spec={"issuerRef": REF}).annotations

    first = annotated(note="x" * 200_000)
    assert (first[DURATION], first[IS_CA]) == ("10m", "true")
    assert sum(len(name) + len(value) for name, value in first.items()) < 300
    assert annotated(note="x" * 200_000) == first
    assert annotated(note="x" * 200_001) != first
    assert annotated(other="x" * 200_000) != first
    cut = annotated(**{DURATION: "1h" * 100_000})[DURATION]
    assert len(cut) < 300
    assert cut.endswith("…"), "what is cut must not become another duration"
    assert translated(kind).annotations == {}
