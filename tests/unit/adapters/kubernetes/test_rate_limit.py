"""Flow control: every call to the API server waits for its turn, and nothing is sent before it has come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any

import pytest
from aiolimiter import AsyncLimiter

from adapters.kubernetes.api import Api
from adapters.kubernetes.schema import SECRETS
from adapters.kubernetes.token_review import TOKEN_REVIEWS
from entrypoints.container import Container
from entrypoints.settings import Settings
from tests.unit.adapters.kubernetes.wire import ISSUERS, Wire, answering

BODY = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}


class Turnstile(AbstractAsyncContextManager[None]):
    """Lets nobody through before it is opened; counts who came."""

    def __init__(self) -> None:
        self.came = 0
        self.open = asyncio.Event()

    async def __aenter__(self) -> None:
        self.came += 1
        await self.open.wait()

    async def __aexit__(self, *_: object) -> None:
        return


async def watch(api: Api) -> None:
    async with api.watch(ISSUERS, resource_version="1", seconds=1, metadata_only=False) as chunks:
        async for _ in chunks:
            pass


CALLS: dict[str, Callable[[Api], Awaitable[Any]]] = {
    "get": lambda api: api.get(SECRETS, "n", "x"),
    "get_within": lambda api: api.get_within(ISSUERS, "team-a", "x", most=99),
    "create": lambda api: api.create(SECRETS, "n", BODY),
    "replace": lambda api: api.replace(SECRETS, "n", BODY),
    "merge": lambda api: api.merge(SECRETS, "n", "x", BODY),
    "apply_status": lambda api: api.apply_status(ISSUERS, "n", "x", "1", {}),
    "delete": lambda api: api.delete(SECRETS, "n", "x", "1"),
    "review": lambda api: api.review(TOKEN_REVIEWS, {}),
    "serves": lambda api: api.serves(SECRETS),
    "list_page": lambda api: api.list_page(ISSUERS, limit=1, token=None, metadata_only=False),
    "watch": watch,
}


def test_these_are_all_calls_there_are() -> None:
    public = {name for name in vars(Api) if not name.startswith("_")}
    assert public - {"close"} == CALLS.keys()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_waits_for_its_turn(call: Callable[[Api], Awaitable[Any]]) -> None:
    wire, turns = answering(BODY), Turnstile()
    task = asyncio.ensure_future(call(Api(wire.client, field_manager="tester", rate_limiter=turns)))
    for _ in range(20):
        await asyncio.sleep(0)
    assert (turns.came, wire.asked) == (1, [])
    turns.open.set()
    await task
    assert (turns.came, len(wire.asked)) == (1, 1)


async def test_the_deadline_of_a_call_does_not_run_while_it_waits() -> None:
    wire, turns = answering(BODY), Turnstile()
    api = Api(wire.client, field_manager="tester", rate_limiter=turns)
    api._deadline = 0.0
    task = asyncio.ensure_future(CALLS["get"](api))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def wired(settings: Settings) -> Any:
    container = Container(settings=settings)
    container.client.override(Wire().client)
    return vars(container.api())["_rate_limiter"]


async def test_flags_say_how_many_calls_there_may_be() -> None:
    assert isinstance(wired(Settings("system")), nullcontext)
    turns = wired(Settings("system", kube_api_qps=20, kube_api_burst=50))
    assert isinstance(turns, AsyncLimiter)
    assert (turns.max_rate, turns.max_rate / turns.time_period) == (50, 20)
