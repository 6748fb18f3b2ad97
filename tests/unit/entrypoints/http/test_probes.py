"""/healthz fails when the API server has refused the manager's credential for a long time, and not before."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from dependency_injector import providers

from domain.errors import ClusterError
from domain.model import ObjectKey
from entrypoints.container import Container
from entrypoints.flag_types import Address
from entrypoints.http.probes import Acceptance, probes
from entrypoints.settings import Settings
from tests.contracts.clock import StoppedClock
from tests.support.cluster.controlplane import free_ports
from tests.support.cluster.pki import write_kubeconfig
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, failure

MINUTE = timedelta(minutes=1)


class Answers:
    """Statuses of the API server at moments that a test chooses."""

    def __init__(self) -> None:
        self.clock = StoppedClock()
        self.acceptance = Acceptance(self.clock)

    def after(self, passed: timedelta, *statuses: int) -> bool:
        """Whether the credential has ended, by these answers after this time."""
        self.clock.time += passed
        for status in statuses:
            self.acceptance.answered(status)
        return self.acceptance.has_ended()


def test_a_credential_has_ended_when_it_was_refused_for_more_than_ten_minutes() -> None:
    answers = Answers()
    assert not answers.after(60 * MINUTE)
    assert not answers.after(MINUTE, 401)
    assert not answers.after(10 * MINUTE, 401)
    assert answers.after(MINUTE)


@pytest.mark.parametrize("status", [200, 403, 404, 409, 429])
def test_any_answer_to_an_accepted_credential_begins_the_time_anew(status: int) -> None:
    answers = Answers()
    answers.after(MINUTE, 401)
    assert not answers.after(11 * MINUTE, status, 401)
    assert not answers.after(9 * MINUTE, 401)
    assert answers.after(2 * MINUTE)


def test_an_answer_that_may_be_a_proxys_says_nothing() -> None:
    answers = Answers()
    assert not answers.after(60 * MINUTE, 503)
    answers.after(MINUTE, 401)
    assert answers.after(11 * MINUTE, 503)


@pytest.mark.parametrize(("has_ended", "status", "text"), [(False, 200, "ok"), (True, 503, "no credential")])
async def test_healthz_says_whether_the_credential_has_ended(has_ended: bool, status: int, text: str) -> None:
    (port,) = free_ports(1)
    async with probes(Address("127.0.0.1", port), lambda: True, lambda: has_ended):
        answered = await asyncio.to_thread(asked, f"http://127.0.0.1:{port}/healthz")
    assert answered[0] == status
    assert text in answered[1]


def asked(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=5) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


async def test_the_answers_to_all_calls_count_those_for_the_lease_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "kubeconfig"))
    calls: list[Callable[[Container], Awaitable[Any]]] = [
        lambda container: container.cluster().credentials(ObjectKey("Secret", "n", "x")),
        lambda container: container.lease().read(),
    ]
    for call in calls:
        clock = StoppedClock()
        async with FakeApiServer([failure(401)]) as server:
            write_kubeconfig(tmp_path / "kubeconfig", {"server": server.url}, {"token": "none"})
            container = Container(settings=Settings("system", leader_election_namespace="system"))
            container.clock.override(providers.Object(clock))
            with pytest.raises(ClusterError):
                await call(container)
            await container.api().close()
            await container.lease_api().close()
        clock.time += 11 * MINUTE
        assert container.acceptance().has_ended()
