"""Names that tenants choose never reach a URL as anything but one segment of it.

RFC 1123 or Invalid, for the one kind that may be called more than that percent-encoded or Invalid; and for each
call that takes a name, a hostile one means that nothing is sent.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kubernetes.names import checked_name, checked_namespace, escaped_name
from adapters.kubernetes.schema import SECRETS
from domain.errors import Invalid, NotFound
from tests.unit.adapters.kubernetes.hostile import NAMES_OF_NOTHING, NOT_RFC_1123
from tests.unit.adapters.kubernetes.wire import SIGNING_REQUESTS, Wire, answering, path_of, segments

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
"""As apimachinery has it: https://github.com/kubernetes/apimachinery/blob/master/pkg/util/validation/validation.go"""

ODD = st.text(alphabet="ab0-._/%~?#\\ A\n\t\x00\x7fä\u0430\u2024\uff0f\u200b\u0085\ud800", max_size=12)
ANYTHING = ODD | st.text() | st.from_regex(f"{LABEL}(\\.{LABEL})*")


@pytest.mark.parametrize("name", ["a", "0", "a-b", "a.b", "1.2.3.4", "xn--mnchen-3ya", "a" * 253, f"{'a' * 100}.b"])
def test_a_name_of_the_rfc_passes_unchanged(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize("name", NOT_RFC_1123, ids=repr)
def test_a_name_outside_the_rfc_is_refused(name: str) -> None:
    with pytest.raises(Invalid, match="is not the name of an object"):
        checked_name(name)


@pytest.mark.parametrize("namespace", ["a", "0", "kube-system", "a" * 63])
def test_a_namespace_of_the_rfc_passes_unchanged(namespace: str) -> None:
    assert checked_namespace(namespace) == namespace


@pytest.mark.parametrize("namespace", [*NOT_RFC_1123, "a.b", "a" * 64, "*"], ids=repr)
def test_a_namespace_outside_the_rfc_is_refused(namespace: str) -> None:
    with pytest.raises(Invalid, match="is not the name of a namespace"):
        checked_namespace(namespace)


@pytest.mark.parametrize("check", [checked_name, checked_namespace, escaped_name])
def test_a_refusal_is_short_and_in_one_line_whatever_the_name(check: object) -> None:
    assert callable(check)
    with pytest.raises(Invalid) as refused:
        check("\n/" * 100_000)
    assert len(str(refused.value)) < 500
    assert "\n" not in str(refused.value)


@given(ANYTHING)
def test_whatever_passes_matches_the_rfc(name: str) -> None:
    for check, rfc, limit in ((checked_name, f"{LABEL}(\\.{LABEL})*", 253), (checked_namespace, LABEL, 63)):
        try:
            passed = check(name)
        except Invalid:
            continue
        assert passed == name
        assert len(name) <= limit
        assert re.fullmatch(rfc, name)


@pytest.mark.parametrize(
    ("name", "segment"),
    [
        ("plain", "plain"),
        ("node-csr-FOX_b", "node-csr-FOX_b"),
        ("user:admin", "user%3Aadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("ü", "%C3%BC"),
        ("a\\b", "a%5Cb"),
        ("a\r\nHost: b", "a%0D%0AHost%3A%20b"),
        ("a\x00\x7fb", "a%00%7Fb"),
        ("a\x85b", "a%C2%85b"),
        ("a\u2028b", "a%E2%80%A8b"),
        ("...", "..."),
    ],
)
def test_a_csr_may_be_called_what_the_api_server_allows(name: str, segment: str) -> None:
    assert escaped_name(name) == segment


@pytest.mark.parametrize("name", NAMES_OF_NOTHING, ids=repr)
def test_but_never_what_is_a_path(name: str) -> None:
    with pytest.raises(Invalid, match="may not be a path"):
        escaped_name(name)


@given(ANYTHING)
def test_whatever_passes_is_one_segment_and_reads_back_as_itself(name: str) -> None:
    try:
        segment = escaped_name(name)
    except Invalid:
        return
    assert re.fullmatch(r"[-\w.~%]+", segment, re.ASCII)
    assert segment not in (".", "..")
    assert unquote(segment) == name


NOTHING_THERE = answering({"kind": "Status", "code": 404, "message": "not found"}, 404)


@given(ANYTHING, ANYTHING)
async def test_the_url_has_exactly_the_expected_segments(namespace: str, name: str) -> None:
    wire = NOTHING_THERE
    for resource in (SECRETS, SIGNING_REQUESTS):
        wire.asked.clear()
        try:
            await wire.api.get(resource, namespace, name)
        except Invalid:
            assert wire.asked == []
        except NotFound:
            assert segments(wire.only) == path_of(resource, namespace, resource.segment(name))


async def test_the_name_of_a_cluster_scoped_object_brings_no_namespace_along() -> None:
    wire = answering({"metadata": {"name": "x"}})
    await wire.api.get(SIGNING_REQUESTS, "../../ignored", "x")
    assert segments(wire.only) == path_of(SIGNING_REQUESTS, "", "x")


def test_a_wire_that_must_be_silent_says_so() -> None:
    with pytest.raises(AssertionError, match=r"GET https://api\.example\.com/x was sent"):
        Wire()._answer(httpx2.Request("GET", "https://api.example.com/x"))
