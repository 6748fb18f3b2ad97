"""The contract of the port Recorder over a real API server, and what only that one can do to it."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.recorder import KubernetesRecorder
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.contracts.clock import StoppedClock
from tests.contracts.recorder_contract import RecorderContract, Stage, Told, event
from tests.support.cluster.api_server import ApiServer
from tests.support.deployed import Deployed


class KubernetesStage(Stage):
    def __init__(self, api: Api, server: ApiServer) -> None:
        self.clock = StoppedClock()
        self.recorder = KubernetesRecorder(api, NAMES, self.clock, instance="pod")
        self.server = server

    async def told(self, uid: str) -> list[Told]:
        return [
            Told(each["type"], each["reason"], each["action"], each["note"], each.get("series", {}).get("count", 1))
            for each in self.objects(uid)
        ]

    def objects(self, uid: str) -> list[dict[str, Any]]:
        found = json.loads(self.server.kubectl("get", "events.events.k8s.io", "--all-namespaces", "--output=json"))
        return sorted(
            (each for each in found["items"] if each["regarding"].get("uid") == uid), key=lambda each: each["eventTime"]
        )


class TestKubernetesRecorder(RecorderContract):
    @pytest.fixture
    def stage(self, manager_api: Api, deployed: Deployed) -> KubernetesStage:
        return KubernetesStage(manager_api, deployed.server)

    @pytest.fixture
    def uid(self) -> str:
        return str(uuid.uuid4())

    async def test_it_says_who_tells_it(self, stage: KubernetesStage, uid: str) -> None:
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        (told,) = stage.objects(uid)
        assert (told["reportingController"], told["reportingInstance"]) == (NAMES.controller, "pod")
        assert told["metadata"]["namespace"] == "default"

    async def test_an_event_that_expired_is_told_anew(self, stage: KubernetesStage, uid: str) -> None:
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        (told,) = stage.objects(uid)
        stage.server.kubectl("delete", "events.events.k8s.io", told["metadata"]["name"], "--namespace=default")
        stage.clock.time += timedelta(minutes=1)
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        assert [each.count for each in await stage.told(uid)] == [1]

    async def test_a_long_note_is_cut_to_what_the_api_takes(self, stage: KubernetesStage, uid: str) -> None:
        stage.recorder.record(event(uid, "ü" * 600))  # two bytes each, and 1,024 are allowed
        await stage.recorder.flush()
        assert [each.note for each in await stage.told(uid)] == ["ü" * 512]

    async def test_what_cannot_be_written_is_dropped_and_the_next_is_told(
        self, stage: KubernetesStage, uid: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        stage.recorder.record(event(uid, regarding=ObjectKey(NAMES.issuer, "no-such-namespace", "x")))
        stage.recorder.record(event(uid))
        await stage.recorder.flush()
        assert len(await stage.told(uid)) == 1
        assert "was not written" in caplog.text
