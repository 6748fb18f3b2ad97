"""The port AccessReview in memory: rights that are granted by `grant`, as a Role and its binding would."""

from __future__ import annotations

from domain.model import ObjectKey, Requester
from domain.ports import AccessReview

_EVERY_NAME = "*"


class MemoryAccessReview(AccessReview):
    """With `everybody_may` no right is needed."""

    def __init__(self, everybody_may: bool = False) -> None:
        self._everybody_may = everybody_may
        self._granted: set[tuple[str, str, str]] = set()

    def grant(self, subject: str, namespace: str, name: str = _EVERY_NAME) -> None:
        """Lets a user or a group reference the issuer of this name, or every issuer, of the namespace."""
        self._granted.add((subject, namespace, name))

    async def may_reference(self, requester: Requester, issuer: ObjectKey) -> bool:
        subjects, names = (requester.username, *requester.groups), (issuer.name, _EVERY_NAME)
        wanted = {(subject, issuer.namespace, name) for subject in subjects for name in names}
        return self._everybody_may or not wanted.isdisjoint(self._granted)
