"""What is written, and that it reads back; and that translating never fails.

A status is the whole of ours, to the letter; times are UTC and in whole seconds, as metav1.Time has them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.kubernetes.schema import (
    ConditionObject,
    IssuerObject,
    IssuerRef,
    IssuerStatusObject,
    Meta,
    RequestObject,
    RequestSpecObject,
    RequestStatusObject,
)
from adapters.kubernetes.statuses import timestamp
from domain.effects import IssuerStatus, PodCertificateStatus, RequestStatus, SigningRequestStatus, Status
from domain.model import (
    CERTIFICATE_REQUEST,
    CERTIFICATE_SIGNING_REQUEST,
    POD_CERTIFICATE_REQUEST,
    Condition,
    PendingOrder,
)
from entrypoints.issuer import NAMES
from tests.support.specs import SIGNERS, codec
from tests.unit.adapters.kubernetes.wire import RESOURCES

TRANSLATOR = codec()
THEN, LATER = datetime(2030, 1, 2, 3, 4, 5, 678_901, UTC), datetime(2030, 1, 2, 4, 0, tzinfo=UTC)
READY = Condition("Ready", "True", "Issued", "Signed", THEN)
READY_TOLD = {
    "type": "Ready",
    "status": "True",
    "reason": "Issued",
    "message": "Signed",
    "lastTransitionTime": "2030-01-02T03:04:05Z",
}
FAILED = Condition("Failed", "True", "Failed", "no", THEN)
FAILED_TOLD = {**READY_TOLD, "type": "Failed", "reason": "Failed", "message": "no"}
ORDER = PendingOrder("order-7", since=THEN, due=LATER)
ORDER_TOLD = {
    **READY_TOLD,
    "type": f"{NAMES.group}/Order",
    "reason": "Taken",
    "message": '{"askAgainAt":"2030-01-02T04:00:00Z","handle":"order-7"}',
}

STATUSES: list[tuple[Status, dict[str, Any]]] = [
    (
        IssuerStatus(replace(READY, observed_generation=0), "ca"),
        {"conditions": [READY_TOLD | {"observedGeneration": 0}], "signer": "ca", "observedGeneration": 0},
    ),
    (
        IssuerStatus(
            Condition("Ready", "False", "Failed", "no", THEN, 2),
            "demo",
            Condition("Stalled", "True", "Failed", "no", LATER, 2),
        ),
        {
            "conditions": [
                READY_TOLD | {"status": "False", "reason": "Failed", "message": "no", "observedGeneration": 2},
                {
                    "type": "Stalled",
                    "status": "True",
                    "reason": "Failed",
                    "message": "no",
                    "lastTransitionTime": "2030-01-02T04:00:00Z",
                    "observedGeneration": 2,
                },
            ],
            "signer": "demo",
            "observedGeneration": 2,
        },
    ),
    (RequestStatus(READY), {"conditions": [READY_TOLD]}),
    (RequestStatus(READY, b"leaf"), {"conditions": [READY_TOLD], "certificate": "bGVhZg=="}),
    (
        RequestStatus(READY, b"leaf", b"root"),
        {"conditions": [READY_TOLD], "certificate": "bGVhZg==", "ca": "cm9vdA=="},
    ),
    (
        RequestStatus(READY, failure_time=LATER),
        {"conditions": [READY_TOLD], "failureTime": "2030-01-02T04:00:00Z"},
    ),
    (SigningRequestStatus(b"leaf"), {"certificate": "bGVhZg=="}),
    (
        SigningRequestStatus(failed=FAILED),
        {"conditions": [FAILED_TOLD | {"lastUpdateTime": "2030-01-02T03:04:05Z"}]},
    ),
    (
        PodCertificateStatus(replace(READY, type="Issued"), b"leaf", THEN, LATER, THEN + timedelta(minutes=30)),
        {
            "conditions": [READY_TOLD | {"type": "Issued"}],
            "certificateChain": "leaf",
            "notBefore": "2030-01-02T03:04:05Z",
            "notAfter": "2030-01-02T04:00:00Z",
            "beginRefreshAt": "2030-01-02T03:34:05Z",
        },
    ),
    (PodCertificateStatus(replace(FAILED, type="Denied")), {"conditions": [FAILED_TOLD | {"type": "Denied"}]}),
    (RequestStatus(READY, order=ORDER), {"conditions": [READY_TOLD, ORDER_TOLD]}),
    (SigningRequestStatus(order=ORDER), {"conditions": [ORDER_TOLD]}),
]


@pytest.mark.parametrize(("status", "told"), STATUSES)
def test_a_status_is_written_as_the_whole_of_ours(status: Status, told: dict[str, Any]) -> None:
    assert TRANSLATOR.status(status) == told
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (THEN, "2030-01-02T03:04:05Z"),
        (datetime(2030, 1, 2, 5, 4, 5, tzinfo=timezone(timedelta(hours=2))), "2030-01-02T03:04:05Z"),
        (datetime(2030, 1, 1, 23, 4, 5, tzinfo=timezone(timedelta(hours=-4))), "2030-01-02T03:04:05Z"),
        (datetime(2030, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC), "2030-01-02T03:04:05Z"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    ],
)
def test_times_are_told_in_utc_and_whole_seconds(time: datetime, told: str) -> None:
    assert timestamp(time) == told


TEXT = st.text(max_size=20)
ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
TIMES = st.builds(datetime.fromtimestamp, st.floats(0, 7e9), ZONES)
CONDITIONS = st.builds(
    Condition,
    st.just("Ready"),
    st.sampled_from(["True", "False", "Unknown"]),
    TEXT,
    TEXT,
    TIMES,
    st.none() | st.integers(0, 2**63 - 1),
)


def _read(kind: str, status: dict[str, Any]) -> Any:
    text = msgspec.json.encode({"metadata": {"name": "x"}, "status": status})
    return TRANSLATOR.object(kind, msgspec.json.decode(text, type=RESOURCES[kind].status))


@given(CONDITIONS)
def test_what_is_written_reads_back(condition: Condition) -> None:
    stalled = replace(condition, type="Stalled")
    told = _read(NAMES.issuer, TRANSLATOR.status(IssuerStatus(condition, "ca", stalled)))
    since = condition.since.replace(microsecond=0)
    assert (told.ready, told.stalled) == (replace(condition, since=since), replace(stalled, since=since))
    assert told.shown_signer == "ca"


def test_a_status_that_is_not_written_yet_says_nothing() -> None:
    """As the CRD defaults it."""
    unseen = _read(NAMES.issuer, {"observedGeneration": -1})
    assert (unseen.ready, unseen.stalled, unseen.shown_signer) == (None, None, "")
    assert not unseen.is_current


def test_what_is_written_to_a_request_reads_back_as_its_answer() -> None:
    assert _read(CERTIFICATE_REQUEST, TRANSLATOR.status(RequestStatus(READY, b"leaf"))).is_terminal
    assert _read(CERTIFICATE_SIGNING_REQUEST, TRANSLATOR.status(SigningRequestStatus(b"leaf"))).has_certificate
    assert _read(CERTIFICATE_SIGNING_REQUEST, TRANSLATOR.status(SigningRequestStatus(failed=FAILED))).failed
    for kind in ("Denied", "Failed"):
        assert _read(
            POD_CERTIFICATE_REQUEST, TRANSLATOR.status(PodCertificateStatus(replace(FAILED, type=kind)))
        ).failed
    issued = PodCertificateStatus(replace(READY, type="Issued"), b"leaf", THEN, LATER, LATER)
    assert _read(POD_CERTIFICATE_REQUEST, TRANSLATOR.status(issued)).has_certificate


MAYBE = st.none() | TEXT
ANY_TIME = st.none() | st.datetimes() | st.datetimes(timezones=st.just(timezone(timedelta(hours=14))))
METADATA = st.builds(
    Meta, TEXT, MAYBE, TEXT, TEXT, st.none() | st.integers(), st.none() | st.dictionaries(TEXT, TEXT), MAYBE
)
KINDS = st.sampled_from(["Ready", "Approved", "Denied", "InvalidRequest", "Failed"]) | TEXT
CONDITION_OBJECTS = st.none() | st.lists(
    st.builds(ConditionObject, KINDS, st.just("True") | TEXT, MAYBE, MAYBE, ANY_TIME, st.none() | st.integers()),
    max_size=4,
)
REFERENCES = st.builds(IssuerRef, st.just(NAMES.group) | MAYBE, st.just(NAMES.issuer) | MAYBE, MAYBE)
DURATIONS = MAYBE | st.from_regex(r"\A-?([0-9.]{0,30}(h|m|s|ms|us|µs|ns)){0,3}\Z")
REQUESTS = st.builds(
    RequestObject,
    METADATA,
    st.none()
    | st.builds(
        RequestSpecObject,
        st.none() | st.binary(),
        st.none() | st.lists(TEXT, max_size=3),
        st.none() | st.booleans(),
        DURATIONS,
        st.none() | REFERENCES,
        MAYBE,
        st.none() | st.integers(),
    ),
    st.none() | st.builds(RequestStatusObject, CONDITION_OBJECTS, MAYBE),
)
SPEC_FIELDS = st.sampled_from(["url", "authSecretName", "allowAnnotations", *SIGNERS]) | TEXT
ISSUERS = st.builds(
    IssuerObject,
    METADATA,
    st.none() | st.dictionaries(SPEC_FIELDS, MAYBE | st.dictionaries(TEXT, TEXT)),
    st.none() | st.builds(IssuerStatusObject, CONDITION_OBJECTS),
)


@given(REQUESTS)
def test_no_request_is_too_strange(told: RequestObject) -> None:
    for kind in (CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST):
        found = TRANSLATOR.object(kind, told)
        assert found.key.kind == kind
        hash(found.key)
        repr(found)


@given(ISSUERS)
def test_no_issuer_is_too_strange(told: IssuerObject) -> None:
    for kind in (NAMES.issuer, NAMES.cluster_issuer):
        found = TRANSLATOR.object(kind, told)
        assert found.spec.secret.namespace == (told.metadata.namespace or "system")  # type: ignore[union-attr]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["metadata", "spec", "status", "conditions", "request", "issuerRef", "duration", "name", "annotations"]
OBJECTS = st.dictionaries(
    st.sampled_from(FIELDS), JSON | st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=4), max_size=4
)


@given(OBJECTS)
def test_what_decodes_can_be_translated(told: dict[str, Any]) -> None:
    text = msgspec.json.encode(told)
    for kind, resource in RESOURCES.items():
        if kind == "Secret":
            continue
        try:
            found = msgspec.json.decode(text, type=resource.main)
        except msgspec.ValidationError:
            continue
        TRANSLATOR.object(kind, found)


ORDERS = st.builds(PendingOrder, st.none() | TEXT, TIMES, TIMES)


@given(ORDERS)
@pytest.mark.parametrize("kind", [CERTIFICATE_REQUEST, CERTIFICATE_SIGNING_REQUEST])
def test_an_order_reads_back_to_the_microsecond_it_is_due(kind: str, order: PendingOrder) -> None:
    whole: Status = RequestStatus(READY, order=order)
    status = whole if kind == CERTIFICATE_REQUEST else SigningRequestStatus(order=order)
    assert _read(kind, TRANSLATOR.status(status)).order == replace(order, since=order.since.replace(microsecond=0))


def test_a_time_that_utc_has_no_year_for_is_past() -> None:
    condition = {**ORDER_TOLD, "message": '{"askAgainAt":"9999-12-31T23:59:59-12:00"}'}
    order = _read(CERTIFICATE_REQUEST, {"conditions": [READY_TOLD, condition]}).order
    assert order.due == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("message", ["", "a person wrote this", "{}", '{"askAgainAt": "2030-01-02T03:04:05"}', "[]"])
def test_an_order_that_cannot_be_read_is_none(message: str) -> None:
    condition = {**ORDER_TOLD, "message": message}
    assert _read(CERTIFICATE_REQUEST, {"conditions": [READY_TOLD, condition]}).order is None
