"""The port Meter for whoever is not asked to measure anything."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.model import ObjectKey
from domain.outcomes import Answer, Checking, Restart, Signing
from domain.ports import Meter


class Silent(Meter):
    def settled(self, issuer_kind: str, answer: Answer) -> None:
        return

    def signed(self, signer: str, outcome: Signing, took: timedelta) -> None:
        return

    def check_took(self, signer: str, outcome: Checking, took: timedelta) -> None:
        return

    def retried(self, kind: str) -> None:
        return

    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        return

    def forgotten(self, issuer: ObjectKey) -> None:
        return

    def queued(self, waited: timedelta) -> None:
        return

    def called(self, verb: str, resource: str, code: str) -> None:
        return

    def restarted(self, kind: str, cause: Restart) -> None:
        return


SILENT = Silent()
