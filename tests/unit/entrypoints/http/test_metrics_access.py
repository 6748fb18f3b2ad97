"""Who gets past the guard, how often the API server is asked, and what is kept of a token: nothing.

401 for who shows no good token, 403 for who may not, 503 where nobody can tell.
"""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from adapters.kubernetes.token_review import Verdict
from domain.errors import Transient
from entrypoints.http.metrics import Guard
from tests.contracts.clock import StoppedClock

TOKEN = "canary.of-a_reader~1+/=="
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


class Judge:
    """Answers from its script, else that whoever asks is allowed; `asked` are the tokens that it was shown."""

    def __init__(self, *script: Verdict | Exception) -> None:
        self.script = deque(script)
        self.asked: list[str] = []
        self.at_once = self.most_at_once = 0

    async def __call__(self, token: str) -> Verdict:
        self.asked.append(token)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        for _ in range(5):
            await asyncio.sleep(0)
        self.at_once -= 1
        answer = self.script.popleft() if self.script else Verdict.ALLOWED
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest_asyncio.fixture
async def client(judge: Judge, clock: StoppedClock) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="the metrics")

    application = web.Application(middlewares=[Guard(judge, clock).middleware])
    application.add_routes([web.get("/metrics", page)])
    async with TestClient(TestServer(application)) as client:
        yield client


Client = TestClient[web.Request, web.Application]


async def get(client: Client, authorization: str | None = f"Bearer {TOKEN}") -> tuple[int, str]:
    headers = {} if authorization is None else {"Authorization": authorization}
    async with client.get("/metrics", headers=headers) as answer:
        if answer.status == 401:
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer.status, await answer.text()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_who_may_gets_the_metrics(client: Client, judge: Judge, scheme: str) -> None:
    assert await get(client, f"{scheme} {TOKEN}") == (200, "the metrics")
    assert judge.asked == [TOKEN]


@pytest.mark.parametrize("shown", [None, "", "Bearer", "Bearer ", "Basic dTpw", TOKEN, "Bearer a b", "Bearer \xe9"])
async def test_without_a_token_nobody_is_asked(client: Client, judge: Judge, shown: str | None) -> None:
    status, text = await get(client, shown)
    assert (status, judge.asked) == (401, [])
    assert "metrics" not in text


@pytest.mark.parametrize(("verdict", "wanted"), [(Verdict.UNKNOWN, 401), (Verdict.FORBIDDEN, 403)])
async def test_who_may_not_gets_nothing(client: Client, judge: Judge, verdict: Verdict, wanted: int) -> None:
    judge.script.append(verdict)
    status, text = await get(client)
    assert status == wanted
    assert "the metrics" not in text
    assert TOKEN not in text


async def test_while_the_api_server_is_away_nobody_gets_in_and_nothing_is_remembered(
    client: Client, judge: Judge, caplog: pytest.LogCaptureFixture
) -> None:
    judge.script.append(Transient("it is away"))
    assert (await get(client))[0] == 503
    assert "it is away" in caplog.text
    assert TOKEN not in caplog.text
    assert (await get(client))[0] == 200


@pytest.mark.parametrize(("verdict", "lasts"), [(Verdict.ALLOWED, 60), (Verdict.UNKNOWN, 10), (Verdict.FORBIDDEN, 10)])
async def test_a_verdict_is_remembered_for_a_bounded_time(
    client: Client, judge: Judge, clock: StoppedClock, verdict: Verdict, lasts: int
) -> None:
    judge.script += [verdict, Verdict.ALLOWED]
    first = await get(client)
    clock.time += (lasts - 1) * SECOND
    assert await get(client) == first
    assert len(judge.asked) == 1
    clock.time += SECOND
    assert (await get(client))[0] == 200
    assert len(judge.asked) == 2


@pytest.mark.parametrize("set_back", [2 * HOUR, -2 * HOUR], ids=["back", "ahead"])
async def test_a_verdict_lasts_as_long_though_the_wall_clock_is_set(
    judge: Judge, clock: StoppedClock, set_back: timedelta
) -> None:
    guard = Guard(judge, clock)
    await guard.judge(TOKEN)
    clock.set_back = set_back
    clock.time += 59 * SECOND
    await guard.judge(TOKEN)
    assert len(judge.asked) == 1
    clock.time += SECOND
    await guard.judge(TOKEN)
    assert len(judge.asked) == 2


async def test_verdicts_are_each_tokens_own(judge: Judge, clock: StoppedClock) -> None:
    judge.script += [Verdict.ALLOWED, Verdict.FORBIDDEN]
    guard = Guard(judge, clock)
    assert [await guard.judge(token) for token in ("a", "b", "a", "b")] == [Verdict.ALLOWED, Verdict.FORBIDDEN] * 2


async def test_no_more_than_a_thousand_are_remembered_and_the_newest_stay(judge: Judge, clock: StoppedClock) -> None:
    guard = Guard(judge, clock)
    for number in range(1001):
        await guard.judge(f"token-{number}")
    assert len(judge.asked) == 1001
    await guard.judge("token-1000")
    await guard.judge("token-1")
    assert len(judge.asked) == 1001
    await guard.judge("token-0")
    assert judge.asked[1001:] == ["token-0"]


async def test_strangers_cannot_make_us_ask_without_end_at_once(judge: Judge, clock: StoppedClock) -> None:
    guard = Guard(judge, clock)
    await asyncio.gather(*(guard.judge(f"token-{number}") for number in range(50)))
    assert judge.most_at_once == 4


async def test_no_token_is_kept(judge: Judge, clock: StoppedClock) -> None:
    guard = Guard(judge, clock)
    await guard.judge(TOKEN)
    assert TOKEN not in repr(vars(guard))


async def test_a_bug_shows_no_token(client: Client, judge: Judge, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    judge.script.append(ValueError("a bug"))
    status, text = await get(client)
    assert status == 500
    assert TOKEN not in text
    assert TOKEN not in caplog.text
    told = [each.exc_info for each in caplog.records if each.exc_info]
    assert told
    assert TOKEN not in "".join(line for each in told for line in traceback.format_exception(*each))
