"""Objects that are nested deeper than msgspec reads: as deep as any API server lets a tenant make them.

They are read like others, and what stands beside them too.
"""

from __future__ import annotations

import json

import msgspec
import pytest

from adapters.kubernetes.decoding import decode
from tests.unit.adapters.kubernetes.fake_api_server import FakeApiServer, Reply, Stream, line, page
from tests.unit.adapters.kubernetes.reflecting import an_object, following, until
from tests.unit.adapters.kubernetes.wire import REQUESTS

DEEP = '{"f:a":' * 9_990 + "{}" + "}" * 9_990
FIELDS = [{"manager": "me", "fieldsType": "FieldsV1", "fieldsV1": "deep"}]


def deepened(told: bytes) -> bytes:
    return told.replace(b'"deep"', DEEP.encode())


def a_deep_object(version: str = "11") -> dict[str, object]:
    return an_object("odd", version, metadata={"managedFields": FIELDS}, spec={"duration": "1h"})


async def test_a_deep_object_does_not_end_a_watch_and_is_told() -> None:
    changes = [deepened(line("ADDED", a_deep_object())), line("ADDED", an_object("a", "12"))]
    async with FakeApiServer([page()], [Stream(changes)]) as server, following(server) as seen:
        await until(lambda: seen.task.done() or len(seen.told) == 2)
        assert seen.told == ["odd@11", "a@12"]
        assert seen.objects[0].spec.duration == "1h"


async def test_a_deep_object_does_not_hold_up_a_list() -> None:
    told = deepened(page(a_deep_object(), an_object("a", "12")).body)
    async with FakeApiServer([Reply(told)]) as server, following(server) as seen:
        await until(lambda: seen.task.done() or server.watches)
        assert seen.told == ["odd@11", "a@12"]


class _Read(msgspec.Struct):
    before: int
    after: str
    deep: msgspec.Raw


def test_what_is_not_deep_is_kept_and_brackets_in_texts_mean_nothing() -> None:
    text = 'a "{[ \\ }'
    told = b'{"before": 1, "deep": %s, "after": %s}' % (DEEP.encode(), json.dumps(text).encode())

    read = decode(told, _Read)

    assert (read.before, read.after) == (1, text)
    assert bytes(read.deep).startswith(b'{"f:a":{"f:a":')


@pytest.mark.parametrize(
    "told",
    [b"[" * 9_000, b'{"a":' * 9_000 + b'"', b'{"a":' * 9_000 + b'"\\', b"[" * 9_000 + b"]" * 9_001, b"]" * 9_000],
)
def test_what_is_deep_and_no_json_is_refused_like_other_garbage(told: bytes) -> None:
    with pytest.raises(msgspec.MsgspecError):
        decode(told, REQUESTS.main)
