"""The contract of the port AccessReview over the adapter in memory."""

from __future__ import annotations

import pytest

from adapters.memory.access_review import MemoryAccessReview
from domain.model import ObjectKey
from entrypoints.issuer import NAMES
from tests.contracts.access_review_contract import ANNA, AccessReviewContract, Stage


class MemoryStage(Stage):
    namespace, other_namespace = "team-a", "team-b"

    def __init__(self) -> None:
        self.memory = MemoryAccessReview()
        self.access_review = self.memory

    async def grant(self, subject: str, name: str) -> None:
        self.memory.grant(subject, self.namespace, name)


class TestMemoryAccessReview(AccessReviewContract):
    @pytest.fixture
    def stage(self) -> Stage:
        return MemoryStage()


async def test_where_everybody_may_no_right_is_needed() -> None:
    issuer = ObjectKey(NAMES.issuer, "team-a", "ca")
    assert await MemoryAccessReview(everybody_may=True).may_reference(ANNA, issuer)
