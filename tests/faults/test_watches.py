"""Watches under faults: the manager goes on without a restart, and without a list where the last version will do.

Each test tells its figures; that nothing was listed again is counted by the proxy.
"""

from __future__ import annotations

import time

import pytest

from tests.faults.conftest import Stage
from tests.faults.proxy import (
    Answer,
    event,
    gone_event,
    is_continued,
    is_list,
    is_watch,
    of_requests,
    status,
    with_first,
)

REQUESTS = "/apis/cert-manager.io/v1/certificaterequests"
LISTED = "it listed again where it could go on"


def test_connections_that_are_cut(stage: Stage) -> None:
    stage.load.put(8)
    lists, begun = stage.proxy.lists.copy(), time.monotonic()
    stage.relay.cut()
    stage.converged("all connections cut", begun)
    assert stage.proxy.lists == lists, LISTED


def test_connections_that_are_half_open(stage: Stage) -> None:
    stage.load.put(4)
    stage.load.converge(time.monotonic())
    lists, begun = stage.proxy.lists.copy(), time.monotonic()
    stage.relay.forget()
    stage.converged("all connections half-open", begun)
    assert stage.proxy.lists == lists, LISTED


@pytest.mark.parametrize("answer", [status(410, "Expired"), gone_event()], ids=["refused", "told as an event"])
def test_a_watch_whose_version_is_gone(stage: Stage, answer: Answer, request: pytest.FixtureRequest) -> None:
    stage.load.put(4)
    lists, begun = stage.proxy.lists[REQUESTS], time.monotonic()
    gone = stage.proxy.fail(of_requests(is_watch), answer, times=1)
    stage.relay.cut()
    stage.converged(f"410, {request.node.callspec.id}", begun)
    assert gone.taken == 1
    assert stage.proxy.lists[REQUESTS] == lists + 1


def test_a_list_whose_continuation_is_gone(stage: Stage) -> None:
    stage.load.put(8)
    begun = time.monotonic()
    stage.proxy.fail(of_requests(is_watch), status(410, "Expired"), times=1)
    gone = stage.proxy.fail(of_requests(is_continued), status(410, "Expired"), times=1)
    stage.relay.cut()
    stage.converged("410 in the middle of a list", begun)
    assert gone.taken == 1


def test_a_server_that_throttles(stage: Stage) -> None:
    stage.load.put(4)
    lists, begun = stage.proxy.lists.copy(), time.monotonic()
    throttled = stage.proxy.fail(is_watch, status(429, "TooManyRequests", retry_after=2), times=4)
    stage.relay.cut()
    stage.converged("429 with Retry-After", begun)
    assert throttled.taken == 4
    assert stage.proxy.lists == lists, LISTED


def test_a_list_that_cannot_be_had(stage: Stage) -> None:
    stage.load.put(4)
    begun = time.monotonic()
    stage.proxy.fail(of_requests(is_watch), gone_event(), times=1)
    refused = stage.proxy.fail(of_requests(is_list), status(500, "InternalError"), times=2)
    stage.relay.cut()
    stage.converged("500 to a list", begun)
    assert refused.taken == 2


def test_an_object_that_does_not_decode(stage: Stage) -> None:
    lists, begun = stage.proxy.lists.copy(), time.monotonic()
    broken = {"metadata": {"name": "broken", "namespace": "default", "uid": "x"}, "spec": {"request": 5}}
    told = stage.proxy.fail(of_requests(is_watch), with_first(event("ADDED", broken)), times=1)
    stage.relay.cut()
    [odd] = stage.load.put(1)
    where = f"--namespace={stage.load.objects.namespace}"
    stage.deployed.server.kubectl("annotate", "certificaterequest", odd, "next-line=a\u0085b", where)
    stage.converged("an object that does not decode, and one with U+0085", begun)
    stage.says("default/broken cannot be read and is left alone")
    assert told.taken == 1
    assert stage.proxy.lists == lists, LISTED


@pytest.mark.parametrize(("after", "again"), [("resumed", 0), ("listed again", 1)])
def test_deletions_in_a_gap(stage: Stage, after: str, again: int) -> None:
    """Who was deleted and made anew meanwhile is another one, and is signed; who was deleted is forgotten."""
    anew, gone, *_ = stage.load.put(6)
    stage.load.converge(time.monotonic())
    lists, begun = stage.proxy.lists[REQUESTS], time.monotonic()
    stage.proxy.fail(is_watch, status(503, "ServiceUnavailable"))
    stage.relay.cut()
    stage.says("watching CertificateRequest")
    stage.load.delete(anew, gone)
    stage.load.put_again(anew)
    stage.proxy.heal()
    if again:
        stage.proxy.fail(of_requests(is_watch), status(410, "Expired"), times=1)
    stage.converged(f"deletions in a gap, {after}", begun)
    assert stage.proxy.lists[REQUESTS] == lists + again, LISTED
