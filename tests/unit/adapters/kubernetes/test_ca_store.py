"""How the demo's CA is made once, whoever else tries.

Of several replicas one wins, and all take what it stored; an answer that was lost is no reason for a second CA.
"""

from __future__ import annotations

from typing import Any, NoReturn

import httpx2
import pytest

from adapters.kubernetes.ca_store import KubernetesCAStore
from domain.errors import ClusterError, Forbidden, Transient, UnknownOutcome
from tests.unit.adapters.kubernetes.wire import Wire, body_of

STORED = {"data": {"tls.crt": "dGhlaXJz", "tls.key": "dGhlaXJz"}}  # "theirs"
ABSENT, THERE = (404, {"kind": "Status", "message": "not found"}), (200, STORED)


def playing(*answers: tuple[int, dict[str, Any]]) -> Wire:
    """A server that gives these answers, one after the other."""
    script = iter(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        status, body = next(script)
        return httpx2.Response(status, json=body)

    return Wire(answer)


def make() -> tuple[bytes, bytes]:
    return b"our certificate", b"our key"


def must_not_be_made() -> NoReturn:
    raise AssertionError("a second CA was made")


async def test_what_is_stored_is_taken() -> None:
    wire = playing(THERE)
    assert await KubernetesCAStore(wire.api, "system", "ca").get_or_create(must_not_be_made) == (b"theirs", b"theirs")


async def test_what_is_not_there_is_made_and_stored_as_a_tls_secret() -> None:
    wire = playing(ABSENT, (201, {}))
    assert await KubernetesCAStore(wire.api, "system", "ca").get_or_create(make) == make()
    assert body_of(wire.asked[1]) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "ca", "namespace": "system"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": "b3VyIGNlcnRpZmljYXRl", "tls.key": "b3VyIGtleQ=="},
    }


async def test_who_comes_second_takes_what_the_first_has_stored() -> None:
    wire = playing(ABSENT, (409, {"message": "already exists"}), THERE)
    assert await KubernetesCAStore(wire.api, "system", "ca").get_or_create(make) == (b"theirs", b"theirs")
    assert [request.method for request in wire.asked] == ["GET", "POST", "GET"]


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([(403, {})], Forbidden),
        ([(503, {})], Transient),
        ([ABSENT, (403, {})], Forbidden),
        ([ABSENT, (201, {"metadata": 5})], UnknownOutcome),
    ],
)
async def test_without_an_answer_there_is_no_ca(answers: list[tuple[int, Any]], expected: type[ClusterError]) -> None:
    with pytest.raises(expected):
        await KubernetesCAStore(playing(*answers).api, "system", "ca").get_or_create(make)
