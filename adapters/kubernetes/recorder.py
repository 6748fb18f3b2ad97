"""The port Recorder: Events of events.k8s.io/v1, written in the background.

- Best effort: one is written at a time. What does not fit the queue, or cannot be written, is dropped with a log line.
- Of an existing Event only the series changes: the API server refuses all other changes. Source:
  https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.kubernetes.api import Api
from adapters.kubernetes.names import is_name
from adapters.kubernetes.schema import EVENTS, followed
from adapters.kubernetes.statuses import micro_time
from domain.effects import Event
from domain.errors import ClusterError, NotFound
from domain.events import EventSeries, Series
from domain.names import IssuerNames
from domain.ports import Clock, Recorder

_QUEUE = 20_000  # two for each of ten thousand requests that come at once
_NOTE_BYTES = 1024
_INSTANCE_LIMIT = 128
_log = logging.getLogger("issuer.events")


class KubernetesRecorder(Recorder):
    def __init__(self, api: Api, names: IssuerNames, clock: Clock, instance: str) -> None:
        self._api = api
        self._clock = clock
        self._controller = names.controller
        self._instance = instance[:_INSTANCE_LIMIT] or names.controller
        self._api_versions = {"Pod": "v1"} | {each.kind: each.api_version for each in followed(names)}
        self._queue: asyncio.Queue[tuple[Event, datetime]] = asyncio.Queue(_QUEUE)
        self._series = Series()

    def record(self, event: Event) -> None:
        try:
            self._queue.put_nowait((event, self._clock.now()))
        except asyncio.QueueFull:
            _log.warning("%s: an Event %s was dropped: too many wait to be written", event.regarding, event.reason)

    async def run(self) -> None:
        while True:
            event, when = await self._queue.get()
            try:
                await self._write(self._series.observe(event, when))
            except ClusterError as trouble:
                self._series.forget(event)
                _log.warning(
                    "%s: the Event %s was not written: %s",
                    event.regarding,
                    event.reason,
                    trouble,
                    extra={"object": str(event.regarding)},
                )
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        await self._queue.join()

    async def _write(self, seen: EventSeries) -> None:
        namespace = seen.event.regarding.namespace or "default"
        name = _name(seen)
        if seen.count > 1:
            series = {"count": seen.count, "lastObservedTime": micro_time(seen.last)}
            try:
                await self._api.merge(EVENTS, namespace, name, {"series": series})
                return
            except NotFound:  # expired, by default after an hour
                self._series.forget(seen.event)
                seen = self._series.observe(seen.event, seen.last)
        await self._api.create(EVENTS, namespace, self._object(seen, namespace))

    def _object(self, seen: EventSeries, namespace: str) -> Mapping[str, Any]:
        event, regarding = seen.event, seen.event.regarding
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": _name(seen), "namespace": namespace},
            "eventTime": micro_time(seen.first),
            "type": event.type,
            "reason": event.reason,
            "action": event.action,
            "note": event.note.encode()[:_NOTE_BYTES].decode(errors="ignore"),
            "reportingController": self._controller,
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": self._api_versions[regarding.kind],
                "kind": regarding.kind,
                "namespace": regarding.namespace,
                "name": regarding.name,
                "uid": event.uid,
            },
        }


def _name(seen: EventSeries) -> str:
    """The name of the Event; some objects have names that an Event cannot have."""
    return seen.name if is_name(seen.name) else f"event.{seen.name.rpartition('.')[2]}"
