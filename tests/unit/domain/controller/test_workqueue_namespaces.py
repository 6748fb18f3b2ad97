"""The turns and shares of namespaces: whatever one of them asks for, the next one finds a free slot."""

from __future__ import annotations

import pytest

from domain.controller.workqueue import Usage, WorkQueue
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.support.factories import START

CLUSTER_ISSUER = ObjectKey(NAMES.cluster_issuer, "", "ca")


def request(namespace: str, number: int, issuer: int = 0) -> ObjectKey:
    return ObjectKey("CertificateRequest", namespace, f"{issuer}-{number:04}")


def issuer_of(key: ObjectKey) -> ObjectKey | None:
    if key.kind in ("CertificateSigningRequest", "PodCertificateRequest"):
        return CLUSTER_ISSUER
    return ObjectKey(NAMES.issuer, key.namespace, key.name.partition("-")[0])


def queue_of(max_concurrent: int, limit: int = 8) -> WorkQueue:
    return WorkQueue(issuer_of, lambda issuer: limit, max_concurrent)


def filled(queue: WorkQueue, namespace: str, number: int, issuers: int = 1) -> list[ObjectKey]:
    keys = [request(namespace, each, each % issuers) for each in range(number)]
    for key in keys:
        queue.add(key, START)
    return keys


def begun(queue: WorkQueue) -> list[ObjectKey]:
    """All that may be worked on now."""
    keys = []
    while (key := queue.pop_due(START)) is not None:
        keys.append(key)
    return keys


def test_a_namespace_of_many_issuers_has_the_turns_of_one() -> None:
    queue = queue_of(max_concurrent=1)
    filled(queue, "many", 6, issuers=6)
    filled(queue, "few", 3)
    turns = []
    while (key := queue.pop_due(START)) is not None:
        turns.append(key.namespace)
        queue.done(key)
    assert turns == ["many", "few"] * 3 + ["many"] * 3


@pytest.mark.parametrize("issuers", [2, 300])
def test_a_namespace_alone_holds_half_of_the_slots(issuers: int) -> None:
    queue = queue_of(max_concurrent=10)
    filled(queue, "a", 600, issuers)
    assert len(begun(queue)) == 5


def test_a_namespace_that_asks_for_little_finds_a_slot_however_much_others_ask_for() -> None:
    queue = queue_of(max_concurrent=16)
    for namespace in ("a", "b", "c"):
        filled(queue, namespace, 300, issuers=100)
    begun(queue)
    (late,) = filled(queue, "late", 1)
    assert queue.pop_due(START) == late


def test_namespaces_that_ask_for_as_much_hold_as_much() -> None:
    queue = queue_of(max_concurrent=16)
    namespaces = ["a", "b", "c"]
    for namespace in namespaces:
        filled(queue, namespace, 300, issuers=100)
    held = [key.namespace for key in begun(queue)]
    assert [held.count(namespace) for namespace in namespaces] == [4, 4, 4]


def test_a_share_grows_when_others_have_done_their_work() -> None:
    queue = queue_of(max_concurrent=10)
    filled(queue, "a", 4, issuers=4)
    filled(queue, "b", 300, issuers=100)
    first = begun(queue)
    assert [key.namespace for key in first].count("b") == 3
    for key in first:
        if key.namespace == "a":
            queue.done(key)
    begun(queue)
    assert {usage.namespace: usage.working for usage in queue.usage()}["b"] == 5


@pytest.mark.parametrize("max_concurrent", [1, 2, 3])
def test_with_few_slots_a_namespace_alone_is_worked_on_too(max_concurrent: int) -> None:
    queue = queue_of(max_concurrent)
    keys, done = filled(queue, "a", 5), []
    while (key := queue.pop_due(START)) is not None:
        done.append(key)
        queue.done(key)
    assert done == keys


def test_requests_in_no_namespace_are_their_issuers_tenant() -> None:
    queue = queue_of(max_concurrent=1)
    signing_requests = [ObjectKey("CertificateSigningRequest", "", name) for name in "ab"]
    for key in signing_requests:
        queue.add(key, START)
    (other,) = filled(queue, "a", 1)
    turns = []
    while (turn := queue.pop_due(START)) is not None:
        turns.append(turn)
        queue.done(turn)
    assert turns == [signing_requests[0], other, signing_requests[1]]


def test_pods_of_one_cluster_issuer_take_turns_by_their_namespaces() -> None:
    queue = queue_of(max_concurrent=10, limit=3)
    herd = [ObjectKey("PodCertificateRequest", "herd", f"{number:04}") for number in range(1000)]
    for key in herd:
        queue.add(key, START)
    assert begun(queue) == herd[:3], "the issuer's CA is not asked by more"
    one = ObjectKey("PodCertificateRequest", "one", "a")
    queue.add(one, START)
    for key in herd[:2]:
        queue.done(key)
    assert begun(queue) == [herd[3], one]
    assert {usage.namespace: usage.working for usage in queue.usage()} == {"herd": 2, "one": 1}


def test_usage_shows_each_namespaces_keys_and_whether_its_share_limits_it() -> None:
    queue = queue_of(max_concurrent=10, limit=2)
    filled(queue, "a", 8, issuers=8)
    filled(queue, "b", 3)  # of one issuer, two wide
    begun(queue)
    assert sorted(queue.usage(), key=lambda usage: usage.namespace) == [
        Usage("a", 4, 4, limited=True),
        Usage("b", 2, 1, limited=False),
    ]


def test_nothing_is_remembered_of_a_namespace_without_keys() -> None:
    queue = queue_of(max_concurrent=10)
    filled(queue, "a", 3)
    for key in begun(queue):
        queue.done(key)
    assert list(queue.usage()) == []
