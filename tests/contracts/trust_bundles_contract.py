"""What every TrustBundles must do.

Inherit, and give a fixture `stage`, whose issuers are this test's own.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Invalid, NameTaken
from domain.model import Issuer, IssuerSpec, ObjectKey
from domain.ports import TrustBundles
from entrypoints.issuer import NAMES
from tests.support import pki

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=8)
OLD = pki.authority("Old root", lasts=timedelta(days=7)).pem  # expired when it is LATER
NEW, OTHER = pki.authority("New root").pem, pki.authority("Other root").pem


@dataclass(frozen=True)
class Published:
    """What others see of a bundle; `version` changes with each write."""

    roots: bytes
    version: str


class Stage(ABC):
    """The adapter under test, an issuer, and what others see and do."""

    bundles: TrustBundles
    issuer: Issuer

    @property
    def name(self) -> str:
        return f"{NAMES.cluster_issuers}.{NAMES.group}:{self.issuer.key.name}:roots"

    @abstractmethod
    async def published(self) -> Published | None:
        """The bundle that has the name of the issuer's; somebody else may have made it."""

    @abstractmethod
    async def make_foreign(self, roots: bytes) -> None:
        """Somebody else makes a bundle of that name."""

    @abstractmethod
    async def delete(self) -> None:
        """Somebody deletes the bundle."""

    @abstractmethod
    async def create_anew(self) -> Issuer:
        """Somebody deletes the issuer, but not its bundle, and creates it anew."""

    async def roots(self) -> bytes | None:
        found = await self.published()
        return found.roots if found else None


def an_issuer(name: str, uid: str = "uid") -> Issuer:
    spec = IssuerSpec("", ObjectKey("Secret", "default", "credentials"), "demo", trust_bundle=True)
    return Issuer(ObjectKey(NAMES.cluster_issuer, "", name), uid, "1", 1, spec)


class TrustBundlesContract:
    async def test_roots_are_published_under_the_name_that_is_returned(self, stage: Stage) -> None:
        assert await stage.bundles.publish(stage.issuer, NEW + OTHER, NOW) == stage.name
        assert await stage.roots() == NEW + OTHER

    async def test_the_same_roots_are_not_written_again(self, stage: Stage) -> None:
        await stage.bundles.publish(stage.issuer, NEW + OTHER, NOW)
        before = await stage.published()
        assert await stage.bundles.publish(stage.issuer, OTHER + NEW, NOW) == stage.name
        assert await stage.published() == before

    async def test_in_a_roll_over_old_and_new_are_there_until_the_old_one_expires(self, stage: Stage) -> None:
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        assert await stage.roots() == OLD + NEW
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        assert await stage.roots() == OLD + NEW
        await stage.bundles.publish(stage.issuer, NEW, LATER)
        assert await stage.roots() == NEW

    async def test_a_bundle_that_was_deleted_comes_back_without_its_old_roots(self, stage: Stage) -> None:
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        await stage.delete()
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        assert await stage.roots() == NEW

    async def test_an_issuer_that_was_created_anew_begins_with_its_own_roots(self, stage: Stage) -> None:
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        anew = await stage.create_anew()
        await stage.bundles.publish(anew, NEW, NOW)
        assert await stage.roots() == NEW
        await stage.bundles.publish(anew, OTHER, NOW)
        assert await stage.roots() == NEW + OTHER

    async def test_a_bundle_of_somebody_elses_is_never_touched(self, stage: Stage) -> None:
        await stage.make_foreign(OTHER)
        before = await stage.published()
        with pytest.raises(NameTaken, match=stage.name):
            await stage.bundles.publish(stage.issuer, NEW, NOW)
        with pytest.raises(NameTaken, match=stage.name):
            await stage.bundles.remove(stage.issuer)
        assert await stage.published() == before

    async def test_what_is_removed_is_gone_and_may_come_back(self, stage: Stage) -> None:
        await stage.bundles.remove(stage.issuer)  # there is none
        await stage.bundles.publish(stage.issuer, OLD, NOW)
        await stage.bundles.remove(stage.issuer)
        assert await stage.published() is None
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        assert await stage.roots() == NEW

    async def test_roots_that_cannot_be_read_change_nothing(self, stage: Stage) -> None:
        await stage.bundles.publish(stage.issuer, NEW, NOW)
        with pytest.raises(Invalid, match="the bundle holds no PEM block of type CERTIFICATE"):
            await stage.bundles.publish(stage.issuer, b"no certificate", NOW)
        assert await stage.roots() == NEW
