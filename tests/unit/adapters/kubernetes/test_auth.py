"""What is asked about whoever wants to read /metrics, and what the answers come to.

To the letter, as controller-runtime's filter asks; a token is in the TokenReview and nowhere else.
"""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from adapters.kubernetes.token_review import Reviews, Verdict
from domain.errors import Forbidden, Transient
from tests.unit.adapters.kubernetes.wire import Wire, body_of

TOKEN = "canary-of-a-reader"
USER = {"username": "system:serviceaccount:m:p", "uid": "1", "groups": ["a", "b"], "extra": {"pod": ["x"]}, "new": 1}


def server(authenticated: Any, allowed: Any = None) -> Wire:
    """Answers the one review with the first status, the other with the second."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        status = authenticated if request.url.path.endswith("/tokenreviews") else allowed
        return httpx2.Response(201, json={"kind": "Review", "metadata": {}, "status": status})

    return Wire(answer)


async def judged(wire: Wire) -> Verdict:
    return await Reviews(wire.api).may_get("/metrics", TOKEN)


async def test_who_may_is_allowed_and_asked_about_as_the_api_server_knows_him() -> None:
    wire = server({"authenticated": True, "user": USER}, {"allowed": True})
    assert await judged(wire) is Verdict.ALLOWED
    token, access = wire.asked
    assert (token.method, token.url.path) == ("POST", "/apis/authentication.k8s.io/v1/tokenreviews")
    assert body_of(token) == {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": TOKEN}}
    assert (access.method, access.url.path) == ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews")
    assert body_of(access) == {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "nonResourceAttributes": {"path": "/metrics", "verb": "get"},
            "user": "system:serviceaccount:m:p",
            "uid": "1",
            "groups": ["a", "b"],
            "extra": {"pod": ["x"]},
        },
    }
    assert TOKEN not in json.dumps(body_of(access))


@pytest.mark.parametrize("allowed", [{"allowed": False}, {"allowed": False, "denied": True}, {}])
async def test_who_may_not_is_forbidden(allowed: dict[str, Any]) -> None:
    assert await judged(server({"authenticated": True, "user": USER}, allowed)) is Verdict.FORBIDDEN


@pytest.mark.parametrize(
    "status", [{}, {"authenticated": False, "error": "expired"}, {"authenticated": False, "user": USER}]
)
async def test_whom_the_api_server_does_not_know_is_unknown_and_nothing_more_is_asked(status: dict[str, Any]) -> None:
    wire = server(status)
    assert await judged(wire) is Verdict.UNKNOWN
    assert len(wire.asked) == 1


@pytest.mark.parametrize(("code", "wanted"), [(403, Forbidden), (500, Transient)])
async def test_a_server_that_does_not_answer_is_an_error_without_the_token(code: int, wanted: type[Exception]) -> None:
    body = {"kind": "Status", "code": code, "message": "it says no"}
    with pytest.raises(wanted) as caught:
        await judged(Wire(lambda _: httpx2.Response(code, json=body)))
    assert TOKEN not in str(caught.value)
