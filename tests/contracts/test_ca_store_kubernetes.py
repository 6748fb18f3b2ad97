"""The contract of the port CAStore over a real API server, with the rights that deploy/rbac gives the manager."""

from __future__ import annotations

import uuid

import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.ca_store import KubernetesCAStore
from domain.errors import Invalid
from domain.ports import CAStore
from entrypoints.issuer import NAMESPACE
from tests.contracts.ca_store_contract import CAStoreContract, Makers
from tests.support.deployed import Deployed


class TestKubernetesCAStore(CAStoreContract):
    @pytest.fixture
    def name(self) -> str:
        return f"ca-{uuid.uuid4()}"

    @pytest.fixture
    def store(self, manager_api: Api, name: str) -> CAStore:
        return KubernetesCAStore(manager_api, NAMESPACE, name)

    @pytest.fixture
    def elsewhere(self, manager_api: Api, name: str) -> CAStore:
        return KubernetesCAStore(manager_api, NAMESPACE, name)

    async def test_a_secret_that_holds_something_else_is_never_overwritten(
        self, store: CAStore, name: str, deployed: Deployed, make: Makers
    ) -> None:
        deployed.server.kubectl(
            "create", "secret", "generic", name, f"--namespace={NAMESPACE}", "--from-literal=something=else"
        )
        with pytest.raises(Invalid, match=rf"Secret {NAMESPACE}/{name} lacks tls.crt or tls.key"):
            await store.get_or_create(make)
        assert make.made == []
