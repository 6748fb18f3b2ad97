"""The half-open state of an issuer's circuit breaker: one request goes first, the rest after it has been signed.

Law: bookkeeping only. Whether the breaker is half-open is the caller's knowledge; this remembers who is on trial and
who was turned away meanwhile. Those are let go all at once: the first of them to come back is the next trial.
"""

from __future__ import annotations

from collections.abc import Collection

from domain.model import ObjectKey


class Trials:
    def __init__(self) -> None:
        self._on_trial: dict[ObjectKey, ObjectKey] = {}
        self._turned_away: dict[ObjectKey, dict[ObjectKey, None]] = {}

    def enter(self, issuer: ObjectKey, request: ObjectKey) -> bool:
        """Whether this request may try; if not, its key is returned by a later `leave` of the one on trial."""
        if self._on_trial.setdefault(issuer, request) == request:
            return True
        self._turned_away.setdefault(issuer, {})[request] = None
        return False

    def leave(self, issuer: ObjectKey, request: ObjectKey) -> Collection[ObjectKey]:
        """Ends the trial of this request, if it was on one; returns those that were turned away because of it."""
        if self._on_trial.get(issuer) != request:
            return ()
        del self._on_trial[issuer]
        return self._turned_away.pop(issuer, {})
