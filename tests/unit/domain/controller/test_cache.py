"""Who is looked at when something changes.

What others do wakes whom it concerns, once; our own writes, repetitions and what comes late wake nobody; and no
index outlives what it points to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.controller.cache import AT_ONCE, SPREAD, Cache, Keys, Object
from domain.model import (
    NO_REQUESTER,
    Approval,
    Issuer,
    ObjectKey,
    Request,
    Requester,
    RequestSnapshot,
    SecretVersion,
)
from tests.support.factories import (
    KINDS,
    a_new_issuer,
    a_request,
    a_spec,
    an_issuer,
    cluster_issuer_key,
    issuer_key,
    ready,
    request_key,
    secret_key,
)

CA = cluster_issuer_key()
SECRET = SecretVersion(secret_key(CA), "uid-secret", "5")


def woken(wakes: Keys) -> list[ObjectKey]:
    assert all(after == AT_ONCE for _, after in wakes)
    return [key for key, _ in wakes]


def filled(*objects: Object) -> Cache:
    cache = Cache()
    for told in objects:
        cache.put(told)
    return cache


def newer(told: Object, **changes: object) -> Object:
    version = str(int(told.resource_version) + 1)
    return replace(told, resource_version=version, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_request_is_looked_at_and_known_with_its_issuer(kind: str) -> None:
    request, issuer = a_request(kind), an_issuer(CA)
    cache = filled(issuer)
    assert woken(cache.put(request)) == [request.key]
    assert cache.snapshot(request.key) == RequestSnapshot(request, issuer)
    cache.remove(CA)
    assert cache.snapshot(request.key) == RequestSnapshot(request, None)


def test_of_an_answered_request_neither_csr_nor_requester_is_kept() -> None:
    request = a_request("CertificateSigningRequest", issuer=issuer_key(), requester=Requester("anna"))
    cache = filled(request)
    assert cache.snapshot(request.key) == RequestSnapshot(request, None)
    cache.put(newer(request, failed=True))
    found = cache.snapshot(request.key)
    assert isinstance(found, RequestSnapshot)
    assert (found.request.csr, found.request.requester) == (b"", NO_REQUESTER)


def test_a_request_to_nobody_of_ours_is_not_even_remembered() -> None:
    cache = Cache()
    assert cache.put(a_request(issuer=None)) == []
    assert list(cache.keys("CertificateRequest")) == []


def test_a_request_that_leaves_us_is_forgotten() -> None:
    cache = filled(a_request())
    assert cache.put(newer(a_request(), issuer=None)) == []
    assert cache.snapshot(a_request().key) is None
    assert woken(cache.put(an_issuer(CA, ready=None))) == [CA]


def test_an_issuer_is_no_request_even_where_a_request_calls_it_so() -> None:
    cache = filled(SECRET, a_request(issuer=SECRET.key))
    assert cache.snapshot(request_key()) == RequestSnapshot(a_request(issuer=SECRET.key), None)
    assert cache.snapshot(SECRET.key) is None


OURS = {"ready": ready("False", "Pending")}
THEIRS: dict[str, dict[str, object]] = {
    "approved": {"approval": Approval.APPROVED},
    "denied": {"approval": Approval.DENIED},
    "annotated": {"annotations": {"look": "again"}},
    "being deleted": {"deleting": True},
    "invalid": {"invalid": True},
    "recreated": {"uid": "uid-another"},
    "changed in its spec": {"csr": b"another"},
    "sent to another issuer": {"issuer": issuer_key("another")},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("change", THEIRS)
def test_a_request_is_looked_at_when_it_is(kind: str, change: str) -> None:
    request = a_request(kind, approval=Approval.UNDECIDED)
    assert woken(filled(request).put(newer(request, **THEIRS[change]))) == [request.key]


def test_a_request_is_not_looked_at_when_only_our_status_changed() -> None:
    assert filled(a_request()).put(newer(a_request(), **OURS)) == []


@pytest.mark.parametrize("change", [{"failed": True}, {"has_certificate": True}, {"ready": ready("True", "Issued")}])
def test_a_request_with_its_answer_is_kept_without_its_csr_and_waits_for_nobody(change: dict[str, object]) -> None:
    cache = filled(a_request(), an_issuer(CA, ready=None))
    assert cache.put(newer(a_request(), **change)) == []
    snapshot = cache.snapshot(a_request().key)
    assert isinstance(snapshot, RequestSnapshot)
    assert snapshot.request.csr == b""
    assert woken(cache.put(newer(an_issuer(CA)))) == []
    assert woken(cache.remove(CA)) == [CA]


@pytest.mark.parametrize("told", [a_request(), an_issuer(), SECRET], ids=["request", "issuer", "secret"])
@pytest.mark.parametrize("version", ["0", "1", "same"])
def test_what_is_not_newer_changes_nothing(told: Object, version: str) -> None:
    users = an_issuer(CA)
    cache = filled(told, users)
    known = cache.snapshot(told.key), cache.version(told.key)
    late = replace(told, resource_version=told.resource_version if version == "same" else version)
    assert cache.put(late) == []
    assert (cache.snapshot(told.key), cache.version(told.key)) == known


def test_resource_versions_are_compared_as_numbers() -> None:
    cache = filled(a_request(resource_version="9"))
    assert woken(cache.put(a_request(resource_version="10", annotations={"a": "b"}))) == [a_request().key]
    assert cache.put(a_request(resource_version="9")) == []


def test_the_watch_is_believed_about_a_recreated_object_whatever_its_version() -> None:
    cache = filled(a_request(resource_version="9"))
    again = a_request(uid="uid-another", resource_version="3")
    assert woken(cache.put(again)) == [again.key]


def test_a_new_issuer_is_checked_at_once_and_wakes_who_waits_for_it() -> None:
    cache = filled(a_request())
    assert woken(cache.put(a_new_issuer(CA))) == [CA, a_request().key]


@pytest.mark.parametrize("status", [("True", "Checked"), ("False", "Failed"), ("False", "Pending")])
def test_issuers_known_from_before_a_restart_are_checked_within_a_minute_spread_out(status: tuple[str, str]) -> None:
    after = [Cache().put(an_issuer(uid=f"uid-{number}", ready=ready(*status)))[0][1] for number in range(200)]
    assert all(timedelta(0) <= each < SPREAD for each in after)
    assert min(after) < SPREAD / 10
    assert max(after) > SPREAD * 9 / 10
    assert len(set(after)) == 200


def test_a_late_start_looks_at_every_issuer_and_every_unanswered_request() -> None:
    told: list[Object] = [an_issuer(CA), a_new_issuer(cluster_issuer_key("new")), SECRET, a_request()]
    cache = filled(*told, a_request(key=request_key(name="answered"), has_certificate=True))
    first_sight = [enqueue for one in told for enqueue in Cache().put(one) if one is not SECRET]
    assert cache.all_to_do() == first_sight
    assert [key for key, _ in first_sight] == [CA, cluster_issuer_key("new"), a_request().key]


def test_an_issuer_whose_spec_changed_while_we_were_away_is_checked_at_once() -> None:
    assert woken(Cache().put(an_issuer(generation=2))) == [issuer_key()]


@pytest.mark.parametrize(
    "change",
    [{"generation": 2}, {"annotations": {"check": "now"}}, {"deleting": True}, {"uid": "uid-b", "ready": None}],
)
def test_an_issuer_that_others_changed_is_looked_at(change: dict[str, object]) -> None:
    assert woken(filled(an_issuer()).put(newer(an_issuer(), **change))) == [issuer_key()]


@pytest.mark.parametrize(
    ("before", "after", "wakes"),
    [
        (ready("False", "Pending"), ready(), True),
        (None, ready(), True),
        (ready("Unknown", "Initializing"), ready(), True),
        (ready(generation=0), ready(), True),
        (ready(), ready(), False),
        (ready(), ready("False", "Pending"), False),
        (ready("False", "Pending"), ready("False", "Failed"), False),
        (ready("False", "Pending"), ready(generation=0), False),
    ],
)
def test_our_own_status_of_an_issuer_wakes_who_waits_when_it_becomes_ready(
    before: object, after: object, wakes: bool
) -> None:
    cache = filled(an_issuer(CA, ready=before), a_request(), a_request(key=request_key(name="other")))
    expected = [a_request().key, request_key(name="other")] if wakes else []
    assert woken(cache.put(newer(an_issuer(CA, ready=after)))) == expected


def test_requests_of_other_issuers_sleep_on() -> None:
    cache = filled(an_issuer(CA, ready=None), a_request(issuer=cluster_issuer_key("other")))
    assert woken(cache.put(newer(an_issuer(CA)))) == []


def test_a_secret_wakes_the_issuers_that_use_it_when_it_comes_changes_and_goes() -> None:
    other = an_issuer(cluster_issuer_key("other"), spec=a_spec(CA, secret=secret_key(CA, "another")))
    cache = filled(an_issuer(CA), other)
    assert woken(cache.put(SECRET)) == [CA]
    assert woken(cache.put(newer(SECRET))) == [CA]
    assert cache.version(SECRET.key) == "6"
    assert woken(cache.remove(SECRET.key)) == [CA]
    assert cache.version(SECRET.key) is None


def test_an_issuer_that_changes_its_secret_is_woken_by_the_new_one_alone() -> None:
    cache = filled(an_issuer(CA))
    new = SecretVersion(secret_key(CA, "new"), "uid-new", "50")
    cache.put(newer(an_issuer(CA), spec=a_spec(CA, secret=new.key), generation=2))
    assert woken(cache.put(SECRET)) == []
    assert woken(cache.put(new)) == [CA]


def test_a_secret_of_the_same_name_elsewhere_wakes_nobody() -> None:
    cache = filled(an_issuer(CA), an_issuer())
    assert cache.put(replace(SECRET, key=ObjectKey("Secret", "elsewhere", SECRET.key.name))) == []


def test_what_is_removed_is_looked_at_once_more_and_wakes_who_needs_it() -> None:
    cache = filled(an_issuer(CA), a_request())
    assert woken(cache.remove(CA)) == [CA, a_request().key]
    assert woken(cache.remove(a_request().key)) == [a_request().key]
    assert cache.remove(CA) == cache.remove(a_request().key) == []
    assert woken(cache.put(SECRET)) == []


def test_no_index_outlives_its_objects() -> None:
    cache = filled(an_issuer(CA), a_request(), SECRET)
    for key in (CA, a_request().key, SECRET.key):
        cache.remove(key)
    assert (cache._objects, cache._waiting, cache._users) == ({}, {}, {})


@pytest.mark.parametrize("told", [a_request(), an_issuer()], ids=["request", "issuer"])
class TestWhatWasReadByName:
    """`refresh`"""

    def test_is_taken_if_newer(self, told: Issuer | Request) -> None:
        cache = filled(told)
        cache.refresh(newer(told, annotations={"a": "b"}))
        assert told.key in cache.keys(told.key.kind)
        known = cache.snapshot(told.key)
        assert (known.request if isinstance(known, RequestSnapshot) else known) == newer(told, annotations={"a": "b"})

    def test_does_not_revive_what_is_gone(self, told: Issuer | Request) -> None:
        cache = filled(told)
        cache.remove(told.key)
        assert cache.refresh(newer(told)) == []
        assert cache.snapshot(told.key) is None

    def test_does_not_revive_what_was_replaced(self, told: Issuer | Request) -> None:
        cache = filled(newer(newer(told), uid="uid-successor"))
        assert cache.refresh(newer(told)) == []
        assert told.key in cache.keys(told.key.kind)

    def test_is_taken_if_it_replaced_what_is_known(self, told: Issuer | Request) -> None:
        cache = filled(told)
        successor: Callable[[], Object] = lambda: newer(told, uid="uid-successor")  # noqa: E731
        assert told.key in [key for key, _ in cache.refresh(successor())]
        assert cache.put(successor()) == []  # the watch tells the same later


def test_issuers_are_listed_until_they_are_gone() -> None:
    mine, theirs = an_issuer(CA), an_issuer(issuer_key())
    cache = filled(mine, theirs, SECRET, a_request())
    assert sorted(each.key for each in cache.issuers()) == sorted([mine.key, theirs.key])
    cache.put(newer(theirs, spec=a_spec(theirs.key, secret=secret_key(theirs.key, "another"))))
    cache.remove(CA)
    assert [each.key for each in cache.issuers()] == [theirs.key]


@pytest.mark.parametrize("kind", KINDS)
def test_a_request_waits_from_its_approval_to_its_answer(kind: str) -> None:
    asked = a_request(kind, approval=Approval.UNDECIDED)
    cache = filled(an_issuer(CA), asked)
    assert list(cache.waiting()) == []
    approved = newer(asked, approval=Approval.APPROVED)
    cache.put(approved)
    assert list(cache.waiting()) == [approved]
    cache.put(newer(approved, has_certificate=True))
    assert list(cache.waiting()) == []


@pytest.mark.parametrize("left_alone", [{"deleting": True}, {"invalid": True}, {"approval": Approval.DENIED}])
def test_what_is_left_alone_does_not_wait(left_alone: dict[str, Any]) -> None:
    assert list(filled(an_issuer(CA), a_request(**left_alone)).waiting()) == []
