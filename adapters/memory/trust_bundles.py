"""The port TrustBundles in memory: kept for as long as the process lives."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Invalid, NameTaken
from domain.model import Issuer
from domain.names import IssuerNames
from domain.ports import MergeRoots, TrustBundles


@dataclass(frozen=True, slots=True)
class Bundle:
    """`owner` is the uid of its issuer, empty for a bundle of somebody else's."""

    owner: str
    roots: bytes


class MemoryTrustBundles(TrustBundles):
    """`bundles` are those that there are, by their names, to look at and to change."""

    def __init__(self, names: IssuerNames, merge: MergeRoots) -> None:
        self.bundles: dict[str, Bundle] = {}
        self._names = names
        self._merge = merge

    async def publish(self, issuer: Issuer, roots: bytes, now: datetime) -> str:
        name = self._names.trust_bundle_name(issuer.key)
        present = self._read(name)
        published = present.roots if present and present.owner == issuer.uid else b""
        try:
            self.bundles[name] = Bundle(issuer.uid, self._merge(published, roots, now))
        except ValueError as error:
            raise Invalid(f"the bundle {error}") from None
        return name

    async def remove(self, issuer: Issuer) -> None:
        name = self._names.trust_bundle_name(issuer.key)
        if self._read(name):
            del self.bundles[name]

    def _read(self, name: str) -> Bundle | None:
        present = self.bundles.get(name)
        if present and not present.owner:
            raise NameTaken(f"{name} is not of this controller")
        return present
