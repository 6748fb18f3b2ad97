"""Annotations of Kubernetes CSRs: they count only where the issuer, or else its signer, lets them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain import requests
from domain.annotations import DURATION, IS_CA, apply_csr_annotations
from domain.errors import RequestRejected
from domain.model import Credentials, Request, SignRequest
from tests.support.factories import HOUR, a_request, a_spec, an_issuer, issuer_key
from tests.support.harness import Harness
from tests.support.scenes import CA, a_ready_harness, issued, message, reason, with_issuer, with_request
from tests.unit.domain.deciding import CR, CSR, REJECTED

ASKING = {DURATION: "2160h", IS_CA: "true"}
HEEDED, IGNORED = (timedelta(days=90), True), (HOUR, False)


def ordered(request: Request, *, signer_heeds: bool = False, allowed: bool | None = None) -> SignRequest:
    issuer = an_issuer(spec=a_spec(issuer_key(), allow_annotations=allowed))
    return requests.sign_request(request, issuer, Credentials({}), allow_annotations=signer_heeds)


@pytest.mark.parametrize(
    ("kind", "signer_heeds", "allowed", "expected"),
    [
        (CSR, False, None, IGNORED),
        (CSR, True, None, HEEDED),
        (CSR, False, True, HEEDED),
        (CSR, True, False, IGNORED),
        (CR, True, True, IGNORED),
    ],
    ids=[
        "not by themselves",
        "where the signer heeds them",
        "where the issuer allows them",
        "not where the issuer forbids them",
        "never on a CertificateRequest, which has fields for them",
    ],
)
def test_they_count(kind: str, signer_heeds: bool, allowed: bool | None, expected: tuple[timedelta, bool]) -> None:
    order = ordered(a_request(kind, annotations=ASKING), signer_heeds=signer_heeds, allowed=allowed)
    assert (order.duration, order.is_ca) == expected


def test_one_without_the_other_leaves_the_other_to_the_spec() -> None:
    duration = apply_csr_annotations(a_request(CSR, annotations={DURATION: "10m"}))
    assert (duration.duration, duration.is_ca) == (timedelta(minutes=10), False)
    is_ca = apply_csr_annotations(a_request(CSR, annotations={IS_CA: "true"}))
    assert (is_ca.duration, is_ca.is_ca) == (HOUR, True)
    assert not apply_csr_annotations(a_request(CSR, annotations={IS_CA: "false"})).is_ca


@pytest.mark.parametrize(
    ("annotations", "words"),
    [
        ({DURATION: "a week"}, f"annotation {DURATION}: 'a week' is not a duration such as 30s, 10m or 2160h"),
        ({DURATION: ""}, f"annotation {DURATION}: '' is not a duration such as 30s, 10m or 2160h"),
        ({IS_CA: "yes"}, f"annotation {IS_CA}: 'yes' is neither true nor false"),
    ],
)
async def test_what_cannot_be_read_fails_the_request_and_names_the_annotation(
    annotations: dict[str, str], words: str
) -> None:
    request = a_request(CSR, annotations=annotations)
    with pytest.raises(RequestRejected, match=words):
        ordered(request, signer_heeds=True)
    assert ordered(request).duration == HOUR  # where they do not count nobody reads them
    harness = Harness()
    harness.cluster.put_secret(a_spec(CA).secret, {})
    with_issuer(harness, spec=a_spec(CA, allow_annotations=True))
    key = with_request(harness, kind=CSR, annotations=annotations)
    await harness.run()
    assert (reason(harness, key), message(harness, key)) == ("Failed", REJECTED + words)


async def test_the_signer_says_what_holds_where_the_issuer_does_not() -> None:
    harness = await a_ready_harness()
    harness.signer.allow_annotations = True
    key = with_request(harness, kind=CSR, annotations=ASKING)
    await harness.run()
    assert issued(harness, key)
    assert (harness.signer.orders[-1].duration, harness.signer.orders[-1].is_ca) == HEEDED
