"""Secrets that were read, kept in memory while they are in use, as many as fit into a budget."""

from __future__ import annotations

from collections import OrderedDict

from domain.model import Credentials, ObjectKey

BUDGET = 16 * 2**20
_ENTRY = 200  # bytes that a key of a Secret takes in memory besides its text


class SecretCache:
    """At most `BUDGET` bytes; the longest unused go first."""

    def __init__(self) -> None:
        self._size = 0
        self._secrets: OrderedDict[ObjectKey, Credentials] = OrderedDict()  # the longest unused first

    def get(self, secret: ObjectKey, version: str | None) -> Credentials | None:
        """The Secret, if it is held in this version; it counts as used now."""
        held = self._secrets.get(secret)
        if held is None or held.version != version:
            return None
        self._secrets.move_to_end(secret)
        return held

    def size(self) -> int:
        """Bytes of all together."""
        return self._size

    def put(self, secret: ObjectKey, credentials: Credentials) -> None:
        self.drop(secret)
        self._secrets[secret] = credentials
        self._size += _size(credentials)
        while self._size > BUDGET:
            self.drop(next(iter(self._secrets)))

    def drop(self, secret: ObjectKey) -> None:
        dropped = self._secrets.pop(secret, None)
        if dropped is not None:
            self._size -= _size(dropped)


def _size(credentials: Credentials) -> int:
    return sum(_ENTRY + len(name) + len(content) for name, content in credentials.data.items()) + _ENTRY
