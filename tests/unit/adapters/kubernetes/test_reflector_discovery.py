"""How a Reflector follows a kind that not every Kubernetes serves: it asks first, and keeps nobody waiting."""

from __future__ import annotations

import logging

import pytest

from tests.unit.adapters.kubernetes.fake_api_server import DISCOVERY, FakeApiServer, Reply, failure, index, page
from tests.unit.adapters.kubernetes.reflecting import an_object, following, passing_at_once, until
from tests.unit.adapters.kubernetes.wire import REQUESTS, RESOURCES

PODS = RESOURCES["PodCertificateRequest"]
LIST = f"{DISCOVERY}{PODS.plural}"
OLD = index("certificatesigningrequests")
FIVE_MINUTES = 300


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    return passing_at_once(monkeypatch)


def paths(server: FakeApiServer) -> list[str]:
    """What was asked for before the watch."""
    return [asked.path for asked in server.asked if "watch" not in asked.query]


async def test_a_kind_that_is_served_is_listed_and_watched() -> None:
    async with FakeApiServer([page(an_object())]) as server, following(server, resource=PODS) as seen:
        await until(lambda: server.watches)
        assert seen.follower.synced.is_set()
        assert seen.told == ["a@11"]
        assert paths(server) == [DISCOVERY, LIST]


async def test_of_one_that_every_api_server_has_nothing_is_asked() -> None:
    async with FakeApiServer([page()]) as server, following(server, resource=REQUESTS):
        await until(lambda: server.watches)
        assert DISCOVERY not in paths(server)


async def test_one_that_is_not_served_keeps_nobody_waiting_and_is_said_once(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    async with FakeApiServer(discoveries=[OLD] * 1000) as server, following(server, resource=PODS) as seen:
        await until(lambda: len(pauses) > 2)
        assert seen.follower.synced.is_set()
        assert set(paths(server)) == {DISCOVERY}
        assert pauses[:3] == [FIVE_MINUTES] * 3
    said = "PodCertificateRequest: this version of Kubernetes does not serve them; it is asked again every 300 s"
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [(logging.WARNING, said)]


async def test_after_an_upgrade_it_is_followed() -> None:
    server = FakeApiServer([page(an_object())], discoveries=[OLD, OLD])
    async with server, following(server, resource=PODS) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11"]
        assert paths(server) == [DISCOVERY, DISCOVERY, DISCOVERY, LIST]


FORBIDDEN = [failure(403)]
WITHOUT_A_RIGHT = pytest.mark.parametrize(
    ("lists", "discoveries"), [([], FORBIDDEN), (FORBIDDEN, [])], ids=["discovery", "the kind"]
)


@WITHOUT_A_RIGHT
async def test_without_a_right_it_keeps_nobody_waiting(
    lists: list[Reply], discoveries: list[Reply], pauses: list[float]
) -> None:
    server = FakeApiServer(lists * 1000, discoveries=discoveries * 1000)
    async with server, following(server, resource=PODS) as seen:
        await until(lambda: len(pauses) > 2)
        assert seen.follower.synced.is_set()
        assert max(pauses) < FIVE_MINUTES


@WITHOUT_A_RIGHT
async def test_with_the_right_it_is_followed(lists: list[Reply], discoveries: list[Reply]) -> None:
    server = FakeApiServer([*lists, page(an_object())], discoveries=discoveries)
    async with server, following(server, resource=PODS) as seen:
        await until(lambda: server.watches)
        assert seen.told == ["a@11"]


@pytest.mark.parametrize("code", [500, 503])
async def test_an_api_server_that_does_not_say_is_waited_for(code: int, pauses: list[float]) -> None:
    server = FakeApiServer(discoveries=[failure(code)] * 1000)
    async with server, following(server, resource=PODS) as seen:
        await until(lambda: len(pauses) > 2)
        assert not seen.follower.synced.is_set()
