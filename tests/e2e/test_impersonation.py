"""`as` in the administrator's kubeconfig: the API server decides by the rights of the impersonated user."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.client import client_of
from adapters.kubernetes.kubeconfig import load
from adapters.kubernetes.schema import SECRETS
from adapters.memory.metrics import MemoryMetrics
from domain.errors import Forbidden, NotFound
from tests.support.cluster.api_server import ApiServer


@asynccontextmanager
async def administrator(server: ApiServer, directory: Path, **impersonated: Any) -> AsyncIterator[Api]:
    config = json.loads(server.kubectl("config", "view", "--minify", "--raw", "--flatten", "--output=json"))
    config["users"][0]["user"] |= impersonated
    file = directory / "kubeconfig"
    file.write_text(json.dumps(config))
    api = Api(client_of(load([file]), MemoryMetrics()), "tester")
    try:
        yield api
    finally:
        await api.close()


async def test_the_administrator_may_read_secrets(api_server: ApiServer, tmp_path: Path) -> None:
    async with administrator(api_server, tmp_path) as api:
        with pytest.raises(NotFound):
            await api.get(SECRETS, "default", "no-such-secret")


async def test_as_nobody_the_administrators_rights_are_gone(api_server: ApiServer, tmp_path: Path) -> None:
    async with administrator(api_server, tmp_path, **{"as": "nobody"}) as api:
        with pytest.raises(Forbidden, match='User "nobody" cannot get resource "secrets"'):
            await api.get(SECRETS, "default", "no-such-secret")
        with pytest.raises(Forbidden, match='User "nobody" cannot watch resource "secrets"'):
            async with api.watch(SECRETS, resource_version="1", seconds=1, metadata_only=True):
                pass


async def test_the_groups_of_the_impersonated_user_count(api_server: ApiServer, tmp_path: Path) -> None:
    more = {"as-groups": ["system:masters"], "as-uid": "42", "as-user-extra": {"example.com/a": ["x"]}}
    async with administrator(api_server, tmp_path, **{"as": "nobody"}, **more) as api:
        with pytest.raises(NotFound):
            await api.get(SECRETS, "default", "no-such-secret")
