"""How a Reflector keeps up: a watch, resumed after whatever ends it.

Nothing that the server, the network or a tenant's object does ends it or makes it miss anything; it comes back
from the last version it knows, soon at first, then ever later.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from adapters.kubernetes import api
from adapters.kubernetes import reflector as watch
from domain.outcomes import WatchRestartReason
from tests.unit.adapters.kubernetes.fake_api_server import End, FakeApiServer, Reply, Stream, failure, line, page
from tests.unit.adapters.kubernetes.reflecting import UNREADABLE, Seen, an_object, following, passing_at_once, until

EXPIRED = line("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"})
TOO_LARGE = {"kind": "Status", "code": 504, "message": "Too large resource version: 4711, current: 120"}
AHEAD, AHEAD_EVENT = Reply(json.dumps(TOO_LARGE).encode(), 504), line("ERROR", TOO_LARGE)
BOOKMARK = line("BOOKMARK", {"metadata": {"resourceVersion": "9"}})
BROKEN = line("ERROR", {"kind": "Status", "code": 500, "message": "etcd is away"})


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return passing_at_once(monkeypatch)


async def played(*watches: Reply | Stream) -> tuple[Seen, FakeApiServer]:
    """What is told, and what was asked, when an empty list is followed by these watches."""
    lists = [page(), page(version="20"), page(version="30")]
    async with FakeApiServer(lists, watches) as server, following(server) as seen:
        await until(lambda: len(server.watches) > len(watches))
        assert not seen.task.done()
    return seen, server


async def test_what_comes_changes_and_goes_is_told_in_order() -> None:
    changes = [
        line("ADDED", an_object("a", "11")),
        line("MODIFIED", an_object("a", "12")),
        line("DELETED", an_object("a", "13")),
    ]
    seen, _ = await played(Stream(changes, "ends"))
    assert seen.told == ["a@11", "a@12", "-a"]


@pytest.mark.parametrize("end", ["ends", "is cut"])
async def test_after_an_end_it_goes_on_from_the_last_version_without_a_list(end: End) -> None:
    stream = Stream([line("ADDED", an_object("a", "11")), line("DELETED", an_object("a", "15"))], end)
    _, server = await played(stream, Stream([line("ADDED", an_object("b", "17"))], end))
    assert server.versions == ["10", "15", "17"]
    assert len(server.lists) == 1


async def test_a_bookmark_moves_on_and_tells_nothing() -> None:
    bookmark = {"kind": "CertificateRequest", "metadata": {"resourceVersion": "19"}, "spec": {"request": None}}
    seen, server = await played(Stream([line("BOOKMARK", bookmark)], "ends"))
    assert seen.told == []
    assert server.versions == ["10", "19"]


@pytest.mark.parametrize(
    "told",
    [
        failure(410),
        Reply(b"gone", 410, {}),
        Stream([EXPIRED], "ends"),
        AHEAD,
        Stream([AHEAD_EVENT]),
        Stream([BOOKMARK]),
    ],
)
async def test_a_version_that_is_gone_is_never_asked_for_again(told: Reply | Stream) -> None:
    _, server = await played(told)
    assert server.versions == ["10", "20"]
    assert len(server.lists) == 2


@pytest.mark.parametrize(
    "told",
    [
        failure(500),
        failure(403),
        failure(429),
        Reply(b"try later", 429, {"Content-Type": "text/plain"}),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Stream([BROKEN], "ends"),
        Stream([line("ERROR", {"code": "no number"})], "ends"),
        Stream([b"no json\n"], "ends"),
        Stream([b'{"type": "ADDED"}\n'], "ends"),
    ],
)
async def test_any_other_trouble_is_no_reason_to_list_again(told: Reply | Stream, pauses: list[float]) -> None:
    _, server = await played(told)
    assert server.versions == ["10", "10"]
    assert len(server.lists) == len(pauses) == 1


async def test_the_servers_own_words_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    await played(failure(503), Stream([BROKEN], "ends"))
    assert [record.getMessage() for record in caplog.records] == [
        "watching CertificateRequest: Transient: said so",
        "watching CertificateRequest: Transient: etcd is away",
    ]


async def test_the_server_says_when_to_come_back(pauses: list[float]) -> None:
    await played(failure(429, "99"))
    assert pauses[0] >= 99


async def test_what_cannot_be_read_is_skipped_and_never_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    changes = [
        line("ADDED", an_object("odd", "11", **UNREADABLE)),
        line("ADDED", an_object("a", "12")),
        line("MODIFIED", an_object("odd", "13", **UNREADABLE)),
    ]
    seen, server = await played(Stream(changes, "ends"))
    assert seen.told == ["a@12"]
    assert server.versions == ["10", "13"]
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "CertificateRequest team-a/odd cannot be read" in caplog.text
    assert "this is a secret" not in caplog.text


@pytest.mark.parametrize("failure", [KeyError("ours"), ValueError("ours"), AttributeError("ours")], ids=repr)
async def test_what_our_own_code_fails_on_is_told_as_that_and_the_next_goes_on(
    failure: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(tell: Callable[..., None]) -> Callable[..., None]:
        def told(seen: Seen, *what: Any) -> None:
            if "odd" in str(what):
                raise failure
            tell(seen, *what)

        return told

    monkeypatch.setattr(Seen, "put", failing(Seen.put))
    monkeypatch.setattr(Seen, "remove", failing(Seen.remove))
    changes = [
        line("ADDED", an_object("odd", "12")),
        line("DELETED", an_object("odd", "13")),
        line("ADDED", an_object("a", "14")),
    ]
    lists = [page(an_object("odd", "11"), an_object("b", "10"))]
    async with FakeApiServer(lists, [Stream(changes, "ends")]) as server, following(server, ("x", "odd-one")) as seen:
        await until(lambda: len(server.watches) > 1)
    assert seen.told == ["b@10", "a@14"]
    assert server.versions == ["10", "14"]
    begins = f"after a {type(failure).__name__}, which is a defect of the manager, at\n"
    for record, name in zip(caplog.records, ["team-a/odd", "x/odd-one", "team-a/odd", "team-a/odd"], strict=True):
        said, frames = record.getMessage().split(begins)
        assert said == f"CertificateRequest {name}: left alone until it changes "
        assert "in told" in frames
        assert "ours" not in frames


async def test_what_cannot_be_read_can_still_go() -> None:
    seen, _ = await played(Stream([line("DELETED", an_object("odd", "11", **UNREADABLE))], "ends"))
    assert seen.told == ["-odd"]


async def test_what_has_no_text_for_a_name_is_skipped() -> None:
    odd = b'{"type": "ADDED", "object": {"metadata": {"name": "\xff", "resourceVersion": "11"}}}\n'
    seen, server = await played(Stream([odd, line("ADDED", an_object("a", "12"))], "ends"))
    assert seen.told == ["a@12"]
    assert server.versions == ["10", "12"]


BREAKS = ["\u0085", "\u2028", "\u2029", "\x7f", "\\r", "\\n", "\\u000b", "\\u001c", "\\u0085"]


@pytest.mark.parametrize("written", BREAKS, ids=ascii)
async def test_a_line_ends_with_a_newline_and_nowhere_else(written: str) -> None:
    told = line("ADDED", an_object("a", metadata={"annotations": {"x": "before|after"}}))
    seen, server = await played(Stream([told.replace(b"|", written.encode())], "ends"))
    read = json.loads(f'"{written}"', strict=False)
    assert [told.metadata.annotations for told in seen.objects] == [{"x": f"before{read}after"}]
    assert server.versions == ["10", "11"]


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
async def test_chunks_end_anywhere(size: int) -> None:
    told = b"".join(
        line("ADDED", an_object(f"a{n}", str(11 + n), metadata={"annotations": {"x": "ü"}})) for n in range(9)
    )
    seen, _ = await played(Stream([told[at : at + size] for at in range(0, len(told), size)], "ends"))
    assert seen.told == [f"a{n}@{11 + n}" for n in range(9)]


@pytest.mark.parametrize("end", ["ends", "is cut"])
async def test_half_a_line_is_told_when_it_comes_whole(end: End) -> None:
    first, second = line("ADDED", an_object("a", "11")), line("ADDED", an_object("b", "12"))
    seen, server = await played(Stream([first + second[:-9]], end), Stream([second], "ends"))
    assert seen.told == ["a@11", "b@12"]
    assert server.versions == ["10", "11", "12"]


async def test_empty_lines_mean_nothing() -> None:
    seen, _ = await played(Stream([b"\n\n" + line("ADDED", an_object("a")) + b"\n"], "ends"))
    assert seen.told == ["a@11"]


@pytest.mark.parametrize("told", [Stream([], "ends"), Stream([], "is cut"), failure(503), Stream([BROKEN], "ends")])
async def test_a_server_that_never_tells_anything_is_asked_ever_less_often(
    told: Reply | Stream, pauses: list[float]
) -> None:
    await played(*itertools.repeat(told, 12))
    for attempt, pause in enumerate(pauses, 1):
        longest = min(0.5 * 2**attempt, 30)
        assert longest / 2 <= pause <= longest
    assert len(pauses) == 12


async def test_a_server_that_tells_something_is_asked_again_soon(pauses: list[float]) -> None:
    await played(*itertools.repeat(failure(503), 8), Stream([line("ADDED", an_object("a"))], "ends"))
    assert pauses[-2] > 10
    assert 0.2 < pauses[-1] <= 1


async def test_a_watch_that_held_is_asked_for_again_soon_though_it_told_nothing(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = itertools.count(0, 46)
    monkeypatch.setattr(watch, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    await played(*itertools.repeat(Stream([], "ends"), 8))
    assert len(pauses) == 8
    assert all(0.2 < pause <= 1 for pause in pauses)


async def test_after_a_silence_it_resumes_unless_the_server_is_behind_its_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "_SILENCE", 0.05)
    watches = [Stream([line("ADDED", an_object("a", "11"))]), Stream()]
    lists = [page(), page(version="11"), page(version="9"), page(an_object("b", "8"), version="9")]
    async with FakeApiServer(lists, watches) as server, following(server) as seen:
        await until(lambda: len(server.watches) == 3)
        assert server.versions == ["10", "11", "9"]
        assert [asked.query["limit"] for asked in server.lists] == ["500", "1", "1", "500"]
        assert seen.told == ["a@11", "-a", "b@8"]
        assert seen.metrics.restarts == {
            ("CertificateRequest", WatchRestartReason.ENDED): 1,
            ("CertificateRequest", WatchRestartReason.GONE): 1,
        }


async def test_every_watch_is_of_four_to_five_minutes_with_bookmarks() -> None:
    _, server = await played(*itertools.repeat(Stream([], "ends"), 20))
    lengths = {int(asked.query["timeoutSeconds"]) for asked in server.watches}
    assert len(lengths) > 1, "all watches of all replicas end at once"
    assert all(240 <= length <= 300 for length in lengths)
    assert {asked.query["allowWatchBookmarks"] for asked in server.watches} == {"true"}


async def test_cancelled_it_leaves_at_once_and_hangs_up() -> None:
    watches = [Stream([line("ADDED", an_object("a"))])]
    async with FakeApiServer([page()], watches) as server, following(server) as seen:
        await until(lambda: seen.told)
        assert server.watching == 1
        seen.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await seen.task
        await until(lambda: server.watching == 0)


async def test_no_connection_is_left_behind() -> None:
    troubles: list[Reply | Stream] = [
        failure(500),
        Stream([BROKEN]),
        Stream([b"no json\n"]),
        Stream([EXPIRED]),
        failure(410),
    ]
    async with FakeApiServer([page()] * 9, troubles * 3) as server, following(server) as seen:
        await until(lambda: len(server.watches) > len(troubles) * 3)
        await until(lambda: server.watching == 1)
        assert not seen.task.done()


@pytest.mark.parametrize(
    ("end", "cause"),
    [
        (Stream([], "ends"), WatchRestartReason.ENDED),
        (Stream([], "is cut"), WatchRestartReason.FAILED),
        (Stream([BROKEN], "ends"), WatchRestartReason.FAILED),
        (failure(503), WatchRestartReason.FAILED),
        (Stream([EXPIRED], "ends"), WatchRestartReason.GONE),
        (failure(410), WatchRestartReason.GONE),
    ],
)
async def test_the_meter_is_told_why_a_watch_began_anew(end: Reply | Stream, cause: WatchRestartReason) -> None:
    seen, _ = await played(end)
    assert seen.metrics.restarts == {("CertificateRequest", cause): 1}


async def test_a_server_that_cannot_even_list_has_failed() -> None:
    async with FakeApiServer([failure(500), page()]) as server, following(server) as seen:
        await until(lambda: len(server.watches) > 0)
    assert seen.metrics.restarts == {("CertificateRequest", WatchRestartReason.FAILED): 1}
