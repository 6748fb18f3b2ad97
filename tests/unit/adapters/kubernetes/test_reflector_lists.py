"""How a Reflector learns what there is: paged lists, compared with what is known.

What was deleted while nobody watched is told, and nothing else is; a list that cannot be had is asked for again.
"""

from __future__ import annotations

import json
import logging

import pytest

from adapters.kubernetes.schema import SECRET_VERSIONS, Resource
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, Reply, Stream, failure, line, page
from tests.unit.adapters.kubernetes.reflecting import UNREADABLE, an_object, following, passing_at_once, until
from tests.unit.adapters.kubernetes.wire import CLUSTER_ISSUERS, ISSUERS, SIGNING_REQUESTS


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return passing_at_once(monkeypatch)


async def test_all_pages_are_read_and_then_it_is_watched_from_there() -> None:
    pages = [page(an_object("a"), an_object("b"), token="more"), page(an_object("c"), version="10")]
    async with FakeApiServer(pages) as server, following(server) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11", "b@11", "c@11"]
        assert [asked.query for asked in server.lists] == [{"limit": "500"}, {"limit": "500", "continue": "more"}]
        assert server.versions == ["10"]


async def test_half_a_list_is_not_enough() -> None:
    async with FakeApiServer([page(an_object("a"), token="more")]) as server, following(server) as seen:
        await until(lambda: len(server.lists) > 4)
        assert seen.told == ["a@11"]
        assert not seen.follower.synced.is_set()
        assert server.watches == []


@pytest.mark.parametrize("items", [b'"items": null', b'"items": []'])
async def test_there_may_be_nothing(items: bytes) -> None:
    empty = Reply(b'{"metadata": {"resourceVersion": "10"}, %s}' % items)
    async with FakeApiServer([empty]) as server, following(server) as seen:
        await until(seen.follower.synced.is_set)
        assert seen.told == []


async def test_what_was_known_and_is_not_listed_has_been_deleted() -> None:
    pages = [page(an_object("a"), token="more"), page(an_object("b"))]
    known = [("team-a", "a"), ("team-a", "b"), ("team-a", "gone"), ("team-b", "a")]
    async with FakeApiServer(pages) as server, following(server, *known) as seen:
        await until(lambda: server.watches)
        assert seen.told[:2] == ["a@11", "b@11"]
        assert sorted(seen.told[2:]) == ["-a", "-gone"]
        assert seen.known == {("team-a", "a"), ("team-a", "b")}


async def test_deletions_during_a_gap_are_told_when_it_is_listed_again() -> None:
    pages = [page(an_object("a"), an_object("b")), page(an_object("b", "21"), version="20")]
    async with FakeApiServer(pages, [failure(410)]) as server, following(server) as seen:
        await until(lambda: len(server.watches) == 2)
        assert seen.told == ["a@11", "b@11", "b@21", "-a"]
        assert server.versions == ["10", "20"]


async def test_where_versions_went_back_all_is_forgotten_and_told_anew(caplog: pytest.LogCaptureFixture) -> None:
    lists = [
        page(an_object("a", "4700"), an_object("lost", "4710"), version="4711"),
        page(an_object("a", "90"), version="120", token="more"),
        page(an_object("b", "95"), version="120"),
        page(an_object("b", "95"), version="130"),
    ]
    async with FakeApiServer(lists, [failure(410), failure(410)]) as server, following(server) as seen:
        await until(lambda: len(server.watches) == 3)
        assert seen.told[:2] == ["a@4700", "lost@4710"]
        assert sorted(seen.told[2:4]) == ["-a", "-lost"]
        assert seen.told[4:] == ["a@90", "b@95", "b@95", "-a"]
        assert server.versions == ["4711", "120", "130"]
    warnings = [record.getMessage() for record in caplog.records if "restored" in record.getMessage()]
    assert warnings == [
        "CertificateRequest: the API server is at version 120, and was at 4711 before: its etcd was restored;"
        " all is listed anew"
    ]


async def test_what_cannot_be_read_is_skipped_and_still_there(caplog: pytest.LogCaptureFixture) -> None:
    pages = [page(an_object("a"), an_object("odd", **UNREADABLE), an_object("b"))]
    async with FakeApiServer(pages) as server, following(server, ("team-a", "odd")) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11", "b@11"]
        assert seen.known == {("team-a", "a"), ("team-a", "b"), ("team-a", "odd")}
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "CertificateRequest team-a/odd cannot be read" in record.getMessage()
    assert "$.spec.request" in record.getMessage()
    assert "this is a secret" not in caplog.text


@pytest.mark.parametrize(
    "odd", [b'{"metadata": 5}', b'{"metadata": null}', b"5", b"null", b'{"metadata": {"name": "\xff"}}']
)
async def test_what_has_not_even_a_name_is_skipped(odd: bytes) -> None:
    good = json.dumps(an_object("a")).encode()
    body = b'{"metadata": {"resourceVersion": "10"}, "items": [%s, %s]}' % (odd, good)
    async with FakeApiServer([Reply(body)]) as server, following(server) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11"]
        assert not seen.task.done()


async def test_a_token_that_expired_begins_the_list_anew() -> None:
    pages = [page(an_object("a"), token="old"), failure(410), page(an_object("a", "21"), version="20")]
    async with FakeApiServer(pages) as server, following(server) as seen:
        await until(lambda: server.watches)
        assert [asked.query.get("continue") for asked in server.lists] == [None, "old", None]
        assert seen.told == ["a@11", "a@21"]
        assert server.versions == ["20"]


@pytest.mark.parametrize(
    "trouble",
    [failure(500), failure(403), failure(404), failure(503), Reply(b"no json"), Reply(b"[]"), Reply(status=302)],
)
async def test_a_list_that_cannot_be_had_is_asked_for_again(trouble: Reply, pauses: list[float]) -> None:
    async with FakeApiServer([trouble, trouble, page(an_object("a"))]) as server, following(server) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11"]
        assert len(pauses) == 2


async def test_nobody_is_asked_sooner_than_he_wants(pauses: list[float]) -> None:
    async with FakeApiServer([failure(429, "77"), page()]) as server, following(server) as seen:
        await until(seen.follower.synced.is_set)
        assert pauses[0] >= 77


async def test_a_server_that_is_not_there_yet_is_waited_for(pauses: list[float]) -> None:
    async with FakeApiServer() as absent:
        pass
    async with following(absent) as seen:
        await until(lambda: len(pauses) > 3)
        assert not seen.task.done()


@pytest.mark.parametrize("resource", [ISSUERS, CLUSTER_ISSUERS, SIGNING_REQUESTS, SECRET_VERSIONS])
async def test_every_kind_is_followed_alike(resource: Resource) -> None:
    watches = [Stream([line("ADDED", an_object("b", "12"))])]
    async with FakeApiServer([page(an_object("a"))], watches) as server, following(server, resource=resource) as seen:
        await until(lambda: len(seen.told) == 2)
        assert seen.told == ["a@11", "b@12"]


async def test_of_secrets_the_metadata_alone_is_listed_and_watched() -> None:
    async with FakeApiServer([page()]) as server:
        async with following(server, resource=SECRET_VERSIONS, metadata_only=True):
            await until(lambda: server.watches)
        assert ["as=PartialObjectMetadata" in asked.headers["accept"] for asked in server.asked] == [True, True]
