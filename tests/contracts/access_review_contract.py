"""The contract of the port AccessReview: who may reference which issuer, by the rights that a namespace's Roles give.

An adapter that fails here lets somebody have certificates of an issuer that they may not use, or refuses who may.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import pytest

from domain.model import ObjectKey, Requester
from domain.ports import AccessReview
from entrypoints.issuer import NAMES

ANNA = Requester("anna", "1234", ("dev", "system:authenticated"), {"example.com/scopes": ("a", "b")})
BERT = Requester("bert", "5678", ("ops", "system:authenticated"))


class Stage(ABC):
    """A review under test, two namespaces of the test's own, and the deed of an administrator."""

    access_review: AccessReview
    namespace: str
    other_namespace: str

    @abstractmethod
    async def grant(self, subject: str, name: str) -> None:
        """Lets this user or group reference the issuer of this name in the first namespace; "*": all of them."""


class AccessReviewContract:
    """Inherit, and give a fixture `stage`."""

    @pytest.fixture
    def issuer(self, stage: Stage) -> ObjectKey:
        return ObjectKey(NAMES.issuer, stage.namespace, "ca.of.ours")

    @pytest.fixture
    def another(self, stage: Stage) -> ObjectKey:
        return ObjectKey(NAMES.issuer, stage.namespace, "another")

    @pytest.fixture
    def elsewhere(self, stage: Stage) -> ObjectKey:
        return ObjectKey(NAMES.issuer, stage.other_namespace, "ca.of.ours")

    async def test_without_a_right_the_answer_is_no(self, stage: Stage, issuer: ObjectKey) -> None:
        assert not await stage.access_review.may_reference(ANNA, issuer)

    @pytest.mark.parametrize("subject", ["anna", "dev"])
    async def test_a_right_is_that_of_a_user_or_of_a_group(self, stage: Stage, issuer: ObjectKey, subject: str) -> None:
        await stage.grant(subject, issuer.name)
        assert await stage.access_review.may_reference(ANNA, issuer)
        assert not await stage.access_review.may_reference(BERT, issuer)

    async def test_a_right_is_for_one_issuer_of_one_namespace(
        self, stage: Stage, issuer: ObjectKey, another: ObjectKey, elsewhere: ObjectKey
    ) -> None:
        await stage.grant("anna", issuer.name)
        assert not await stage.access_review.may_reference(ANNA, another)
        assert not await stage.access_review.may_reference(ANNA, elsewhere)

    async def test_a_star_as_name_is_for_every_issuer_of_the_namespace(
        self, stage: Stage, issuer: ObjectKey, another: ObjectKey, elsewhere: ObjectKey
    ) -> None:
        await stage.grant("anna", "*")
        assert await stage.access_review.may_reference(ANNA, issuer)
        assert await stage.access_review.may_reference(ANNA, another)
        assert not await stage.access_review.may_reference(ANNA, elsewhere)
