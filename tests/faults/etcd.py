"""The history of the cluster's etcd."""

from __future__ import annotations

import base64
import json
from urllib.request import Request, urlopen

from tests.support.cluster.process import Process


def compact(etcd: Process) -> None:
    """Up to now: https://etcd.io/docs/latest/dev-guide/api_grpc_gateway/"""
    url = etcd.flag("listen-client-urls")
    now = _ask(f"{url}/v3/kv/range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
    _ask(f"{url}/v3/kv/compaction", {"revision": now, "physical": True})


def age(etcd: Process, revisions: int) -> None:
    """Lets so many revisions pass, of a key that no API server reads."""
    url = etcd.flag("listen-client-urls")
    for _ in range(revisions):
        _ask(f"{url}/v3/kv/put", {"key": base64.b64encode(b"age").decode(), "value": ""})


def _ask(url: str, body: dict[str, object]) -> dict[str, dict[str, str]]:
    with urlopen(Request(url, json.dumps(body).encode()), timeout=10) as answer:
        told: dict[str, dict[str, str]] = json.load(answer)
        return told
