"""The contract of the port AccessReview over a real API server, with the rights that deploy/rbac gives the manager."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.kubernetes.access_review import KubernetesAccessReview
from adapters.kubernetes.api import Api
from domain.ports import AccessReview
from entrypoints.issuer import NAMES
from tests.contracts.access_review_contract import AccessReviewContract, Stage
from tests.e2e.objects import Objects
from tests.support.deployed import Deployed


class KubernetesStage(Stage):
    def __init__(self, access_review: AccessReview, objects: Objects, other_namespace: str) -> None:
        self.access_review = access_review
        self.objects = objects
        self.namespace, self.other_namespace = objects.namespace, other_namespace

    async def grant(self, subject: str, name: str) -> None:
        await asyncio.to_thread(self.objects.let_reference, subject, name)


class TestKubernetesAccessReview(AccessReviewContract):
    @pytest.fixture
    def stage(self, manager_api: Api, deployed: Deployed) -> Iterator[Stage]:
        server, review = deployed.server, KubernetesAccessReview(manager_api, NAMES.group)
        with server.namespace("access") as namespace, server.namespace("access") as other:
            yield KubernetesStage(review, Objects(server, namespace), other)
