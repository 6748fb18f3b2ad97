"""The port CAStore in a Secret of the controller's own namespace.

The Secret is created once and never overwritten. Of two replicas that create it at once, the API server refuses one,
which then reads what the other stored.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable

from adapters.kubernetes.api import Api
from adapters.kubernetes.schema import SECRETS
from domain.errors import Conflict, Invalid, NotFound
from domain.ports import CAStore


class KubernetesCAStore(CAStore):
    def __init__(self, api: Api, namespace: str, name: str) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name

    async def get_or_create(self, make: Callable[[], tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
        try:
            return await self._read()
        except NotFound:
            certificate, key = await asyncio.to_thread(make)
        body = {
            "apiVersion": SECRETS.api_version,
            "kind": SECRETS.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "type": "kubernetes.io/tls",
            "data": {"tls.crt": base64.b64encode(certificate).decode(), "tls.key": base64.b64encode(key).decode()},
        }
        try:
            await self._api.create(SECRETS, self._namespace, body)
        except Conflict:
            return await self._read()
        return certificate, key

    async def _read(self) -> tuple[bytes, bytes]:
        data = (await self._api.get(SECRETS, self._namespace, self._name)).data or {}
        if "tls.crt" not in data or "tls.key" not in data:
            raise Invalid(f"Secret {self._namespace}/{self._name} lacks tls.crt or tls.key: delete it for a new CA")
        return data["tls.crt"], data["tls.key"]
