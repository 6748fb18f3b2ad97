"""What an API server says: lists, watches, and the objects in them, of which tenants write a good part."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from unittest.mock import patch

import httpx2
import msgspec

from adapters.kubernetes import reflector
from adapters.kubernetes.codec import Codec
from adapters.kubernetes.decoding import decode
from adapters.kubernetes.issuer_spec import SpecReader
from adapters.kubernetes.schema import followed
from adapters.memory.metrics import MemoryMetrics
from domain import issuers, requests
from domain.controller.cache import Cache, Object
from domain.effects import Effects, Review
from domain.errors import IssuerUnhealthy
from domain.model import CheckResult, Issuer, ObjectKey, Request, RequestSnapshot
from domain.retry import Attempt, Moment
from tests.support.factories import POLICY, an_issuer
from tests.support.specs import SIGNERS
from tests.tools.fuzz import parties
from tests.unit.adapters.kubernetes.wire import REQUESTS, Wire

_TRANSLATOR = Codec(parties.ISSUERS, "system", SpecReader(SIGNERS, parties.ISSUERS.default_signer))
_RESOURCES = followed(parties.ISSUERS)
_EMPTY = b'{"metadata": {"resourceVersion": "1"}, "items": []}'
_CHUNK = 100


class _Paused(BaseException):
    """The follower has made what it could of what it was told, and would come back in a while."""


class _Server:
    """Answers the first page of a list with `page`, every watch with `stream`, a hundred bytes at a time."""

    page = stream = b""

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        if "watch" in request.url.params:
            return httpx2.Response(200, content=self._chunks())
        return httpx2.Response(200, content=_EMPTY if "continue" in request.url.params else self.page)

    async def _chunks(self) -> AsyncIterator[bytes]:
        for begin in range(0, len(self.stream), _CHUNK):
            yield self.stream[begin : begin + _CHUNK]


_SERVER = _Server()
_WIRE = Wire(_SERVER)


def watch(data: bytes) -> bool:
    """A Reflector that is given these bytes as a list, and then as a watch: nothing ends it."""
    return any([_follow(data, b""), _follow(_EMPTY, data)])


def _follow(page: bytes, stream: bytes) -> bool:
    """Whether anything was told."""
    cache = Cache()
    told: list[ObjectKey] = []

    def put(found: object) -> None:
        object_ = _TRANSLATOR.object(REQUESTS.kind, found)
        cache.put(object_)
        told.append(object_.key)

    def remove(namespace: str, name: str) -> None:
        told.append(ObjectKey(REQUESTS.kind, namespace, name))
        cache.remove(told[-1])

    def known() -> list[tuple[str, str]]:
        return [(key.namespace, key.name) for key in cache.keys(REQUESTS.kind)]

    _SERVER.page, _SERVER.stream = page, stream
    _WIRE.asked.clear()
    with patch.object(reflector, "asyncio", SimpleNamespace(sleep=_pause, Event=asyncio.Event)):
        try:
            parties.finish(reflector.Reflector(_WIRE.api, REQUESTS, put, remove, known, metrics=MemoryMetrics()).run())
        except _Paused:
            return bool(told)
    raise AssertionError("the follower has ended")


async def _pause(seconds: float) -> None:
    if seconds > 0:
        raise _Paused


def an_object(data: bytes) -> bool:
    """An object of each kind: translated, kept, decided on, and what is decided written down."""
    read = [_read(resource.kind, resource.main, data) for resource in _RESOURCES]
    return any(read)


def _read(kind: str, struct: type[msgspec.Struct], data: bytes) -> bool:
    try:
        found = decode(data, struct)
    except (msgspec.MsgspecError, UnicodeError):
        return False
    object_ = _TRANSLATOR.object(kind, found)
    cache = Cache()
    cache.put(object_)
    cache.put(object_)
    for effects in _decisions(object_):
        if effects.patch is not None:
            _check(json.loads(json.dumps(_TRANSLATOR.status(effects.patch.status))))
    cache.remove(object_.key)
    return True


def _decisions(object_: Object) -> list[Effects]:
    attempt, failure = Attempt("uid"), IssuerUnhealthy("not just now")
    match object_:
        case Issuer():
            return [
                issuers.settle(object_, attempt, outcome, object_.bundle, parties.NOW, POLICY)
                for outcome in (CheckResult(), failure)
            ]
        case Request():
            now = Moment(parties.NOW, parties.CLOCK.uptime())
            found = RequestSnapshot(object_, an_issuer(object_.issuer))
            decided = requests.decide(found, attempt, now, POLICY, parties.ISSUERS)
            if isinstance(decided, Effects):
                return [decided]
            if isinstance(decided, Review):
                refused = requests.reviewed(found, decided.attempt, False, now, parties.ISSUERS)
                assert isinstance(refused, Effects)
                return [refused]
            return [requests.settle(found, decided.attempt, failure, now, POLICY)]
    return []


def _check(status: dict[str, list[dict[str, str]]]) -> None:
    for condition in status.get("conditions", ()):
        time = condition["lastTransitionTime"]
        assert datetime.fromisoformat(time).tzinfo is not None, f"{time} is no RFC 3339"
