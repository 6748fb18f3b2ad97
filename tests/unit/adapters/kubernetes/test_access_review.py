"""What a SubjectAccessReview asks about the requester of a Kubernetes CSR, and what its answers come to."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from adapters.kubernetes.access_review import KubernetesAccessReview
from domain.errors import ClusterError, Forbidden, Transient
from domain.model import ObjectKey, Requester
from entrypoints.issuer import NAMES
from tests.unit.adapters.kubernetes.wire import Wire, body_of

ISSUER = ObjectKey(NAMES.issuer, "team-a", "ca.of.ours")
ANNA = Requester("anna", "1", ("dev", "ops"), {"example.com/scopes": ("a", "b")})


def server(*allowed: str) -> Wire:
    """Allows the names of issuers that are given."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        name = body_of(request)["spec"]["resourceAttributes"]["name"]
        status = {"allowed": name in allowed, "denied": False, "reason": "a word"}
        return httpx2.Response(201, json={"kind": "SubjectAccessReview", "metadata": {}, "status": status})

    return Wire(answer)


async def may(wire: Wire, requester: Requester = ANNA) -> bool:
    return await KubernetesAccessReview(wire.api, NAMES.group).may_reference(requester, ISSUER)


def asked(name: str) -> dict[str, Any]:
    return {
        "resourceAttributes": {
            "group": NAMES.group,
            "version": "*",
            "resource": "signers",
            "verb": "reference",
            "namespace": "team-a",
            "name": name,
        },
        "user": "anna",
        "uid": "1",
        "groups": ["dev", "ops"],
        "extra": {"example.com/scopes": ["a", "b"]},
    }


async def test_it_asks_as_cert_manager_does_with_all_that_is_known_of_the_requester() -> None:
    wire = server("ca.of.ours")
    assert await may(wire) is True
    (review,) = wire.asked
    assert (review.method, review.url.path) == ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
    body = body_of(review)
    assert (body["apiVersion"], body["kind"]) == ("authorization.k8s.io/v1", "SubjectAccessReview")
    assert body["spec"] == asked("ca.of.ours")


@pytest.mark.parametrize(("allowed", "answer"), [(["*"], True), ([], False)])
async def test_after_a_no_it_asks_for_a_star_as_name(allowed: list[str], answer: bool) -> None:
    wire = server(*allowed)
    assert await may(wire) is answer
    assert [body_of(each)["spec"] for each in wire.asked] == [asked("ca.of.ours"), asked("*")]


@pytest.mark.parametrize("status", [{}, {"allowed": False, "denied": True}, {"evaluationError": "broken"}])
async def test_what_does_not_say_allowed_is_a_no(status: dict[str, Any]) -> None:
    wire = Wire(lambda _: httpx2.Response(201, json={"kind": "SubjectAccessReview", "status": status}))
    assert await may(wire) is False


@pytest.mark.parametrize(("code", "wanted"), [(403, Forbidden), (500, Transient)])
async def test_a_server_that_does_not_answer_is_an_error_and_no_answer(code: int, wanted: type[ClusterError]) -> None:
    with pytest.raises(wanted, match="it says no"):
        await may(Wire(lambda _: httpx2.Response(code, json={"kind": "Status", "code": code, "message": "it says no"})))


async def test_of_a_requester_only_what_is_known_is_told() -> None:
    wire = server("ca.of.ours")
    assert await may(wire, Requester("anna")) is True
    assert set(body_of(wire.only)["spec"]) == {"resourceAttributes", "user"}
