"""Follows one kind, in all namespaces or in one: paged list, then a watch with bookmarks, as client-go's Reflector.

- It never ends of itself. It resumes from the last resource version, and lists again where that is gone (410, in any of
  its forms); what a list no longer has is reported as deleted.
- Where resource versions have gone back, etcd was restored: all objects are reported as deleted and then listed anew.
  After a silence the server is asked for its version, since from a later one on a watch tells nothing.
- An object that does not decode is logged, without its content, and skipped. One on which `put` or `remove` fails is
  logged with the stack frames, and skipped.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
import traceback
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import msgspec

from adapters.kubernetes.api import Api
from adapters.kubernetes.decoding import decode
from adapters.kubernetes.errors import Silent, from_status, reading
from adapters.kubernetes.pages import read_pages, read_version
from adapters.kubernetes.schema import Resource, SecretMeta, SecretVersionObject
from domain.errors import ClusterError, Forbidden, Gone
from domain.outcomes import WatchRestartReason
from domain.ports import Metrics

_BETWEEN_DISCOVERIES = 300.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds
_UNREADABLE = (msgspec.MsgspecError, UnicodeError)
_log = logging.getLogger("issuer.watch")


class _Change(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _Status(msgspec.Struct):
    code: int = 500
    message: str = ""


class _NotServed(Exception):
    """The API server does not have this kind."""


class Reflector:
    """Calls `put` for every object that exists or changes, and `remove`, by namespace and name, for each deleted one.

    `synced` is set after the first list, or when the one namespace is forbidden or the kind not served; both are tried
    again.
    `known` gives the objects put and not removed: those that a list lacks have been deleted.
    """

    def __init__(
        self,
        api: Api,
        resource: Resource,
        put: Callable[[object], None],
        remove: Callable[[str, str], None],
        known: Callable[[], Iterable[tuple[str, str]]],
        *,
        namespace: str | None = None,
        metadata_only: bool = False,
        metrics: Metrics,
    ) -> None:
        self._api = api
        self._resource = resource
        self._namespace = namespace
        self.title = resource.kind if namespace is None else f"{resource.kind} in {namespace}"
        self._put = put
        self._remove = remove
        self._known = known
        self._metadata_only = metadata_only
        self._metrics = metrics
        self._version = ""  # the last that was seen
        self._listed = False
        self._failures = 0
        self._is_served = True  # as far as is known
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """Never returns; cancel it."""
        while True:
            self._failures += 1  # until the server sends something
            try:
                await self._follow()
            except _NotServed:
                self._not_served()
                await asyncio.sleep(_BETWEEN_DISCOVERIES)
            except ClusterError as trouble:
                gone = isinstance(trouble, Gone)
                if gone:
                    self._listed = False
                if isinstance(trouble, Forbidden) and (self._namespace is not None or self._resource.optional):
                    self.synced.set()  # who took our rights away there must not keep others waiting
                self._metrics.restarted(
                    self._resource.kind, WatchRestartReason.GONE if gone else WatchRestartReason.FAILED
                )
                _log.warning("watching %s: %s: %s", self.title, type(trouble).__name__, trouble)
                await asyncio.sleep(self._pause(trouble))
            else:
                self._metrics.restarted(self._resource.kind, WatchRestartReason.ENDED)
                await asyncio.sleep(self._pause(None))

    def _not_served(self) -> None:
        """Says so once, and keeps others waiting no longer. After an upgrade the API server may serve the kind."""
        self.synced.set()
        if self._is_served:
            what = "%s: this version of Kubernetes does not serve them; it is asked again every %.0f s"
            _log.warning(what, self.title, _BETWEEN_DISCOVERIES)
        self._is_served = False

    async def _follow(self) -> None:
        if not self._listed:
            if self._resource.optional and not await self._api.serves(self._resource):
                raise _NotServed
            self._version = await self._list()
            self._listed = True
            self.synced.set()
        seconds = random.randint(240, 300)  # noqa: S311 - spreads load, guards nothing
        begun = time.monotonic()
        try:
            async with self._api.watch(
                self._resource,
                namespace=self._namespace,
                resource_version=self._version,
                seconds=seconds,
                metadata_only=self._metadata_only,
            ) as chunks:
                async for line in _lines(chunks):
                    self._take(line)
                    self._failures = 0
        except Silent:
            await self._look_back()
        if time.monotonic() - begun > _LONGEST_PAUSE:
            self._failures = 0  # nothing has changed, and yet the connection held

    async def _list(self) -> str:
        gone = set(self._known())

        def take(version: str, items: Sequence[msgspec.Raw]) -> None:
            if _is_lower(version, self._version):
                self._restored(version)
                gone.clear()
            for item in items:
                name = _name(_metadata(item))
                gone.discard(name)
                self._changed(name, item)

        version = await read_pages(self._api, self._resource, self._namespace, self._metadata_only, take)
        for name in gone:
            self._deleted(name)
        return version

    async def _look_back(self) -> None:
        """Raises Gone where the server is at an earlier version: it sends no event for a later one."""
        version = await read_version(self._api, self._resource, self._namespace, self._metadata_only)
        if _is_lower(version, self._version):
            raise Gone(f"the API server is at version {version}, before {self._version}")

    def _restored(self, version: str) -> None:
        """Forgets all objects: those of the next list are older, and would be left out as late."""
        what = "%s: the API server is at version %s, and was at %s before: its etcd was restored; all is listed anew"
        _log.warning(what, self.title, version, self._version)
        self._version = version
        for name in list(self._known()):
            self._deleted(name)

    def _take(self, line: bytes) -> None:
        with reading():
            change = decode(line, _Change)
            if change.type == "ERROR":
                status = decode(change.object, _Status)
                raise from_status(status.code, status.message)
        metadata = _metadata(change.object)
        if change.type == "DELETED":
            self._deleted(_name(metadata))
        elif change.type != "BOOKMARK":
            self._changed(_name(metadata), change.object)
        elif _is_lower(metadata.resourceVersion, self._version):
            raise Gone(f"its bookmark is at version {metadata.resourceVersion}, before {self._version}")
        self._version = metadata.resourceVersion or self._version

    def _changed(self, name: tuple[str, str], raw: msgspec.Raw) -> None:
        try:
            obj: object = decode(raw, self._resource.main)
        except _UNREADABLE as error:
            _log.error("%s %s cannot be read and is left alone: %s", self._resource.kind, "/".join(name), error)
            return
        with self._going_on(name):
            self._put(obj)

    def _deleted(self, name: tuple[str, str]) -> None:
        with self._going_on(name):
            self._remove(*name)

    @contextmanager
    def _going_on(self, name: tuple[str, str]) -> Iterator[None]:
        """Logs an exception of the manager's own code and goes on: it is no failure of the API server."""
        try:
            yield
        except Exception as bug:
            key = f"{self._resource.kind} {'/'.join(name)}"
            frames = "".join(traceback.format_tb(bug.__traceback__))  # not its message, which may hold anything
            what = "%s: left alone until it changes after a %s, which is a defect of the manager, at\n%s"
            _log.error(what, key, type(bug).__name__, frames, extra={"object": key})

    def _pause(self, trouble: ClusterError | None) -> float:
        longest: float = min(_FIRST_PAUSE * 2 ** min(self._failures, 10), _LONGEST_PAUSE)
        pause = longest * random.uniform(0.5, 1)  # noqa: S311 - as above
        if trouble is not None and trouble.retry_after is not None:
            pause = max(pause, trouble.retry_after.total_seconds())
        return pause


def _name(metadata: SecretMeta) -> tuple[str, str]:
    return metadata.namespace or "", metadata.name


def _is_lower(version: str, than: str) -> bool:
    """Resource versions of one kind are numbers that grow (Kubernetes API concepts, "Resource versions")."""
    return version.isdigit() and than.isdigit() and int(version) < int(than)


def _metadata(raw: msgspec.Raw) -> SecretMeta:
    """Which object it is and at which version, of objects that do not decode too."""
    try:
        return decode(raw, SecretVersionObject).metadata
    except _UNREADABLE:
        return SecretMeta()


async def _lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Splits on newlines only: splitting as str does would cut an object at a U+0085 in an annotation.

    A line of a megabyte comes in a hundred chunks, which are joined once.
    """
    begun: list[bytes] = []
    async for chunk in chunks:
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            if line := b"".join([*begun, end]):
                yield line
            begun = []
        begun.append(rest)
