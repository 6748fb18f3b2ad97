"""The port Metrics that records nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.model import ObjectKey
from domain.outcomes import CheckOutcome, RequestOutcome, SignOutcome, WatchRestartReason
from domain.ports import Metrics


class Silent(Metrics):
    def request_completed(self, issuer_kind: str, answer: RequestOutcome) -> None:
        return

    def signed(self, signer: str, outcome: SignOutcome, took: timedelta) -> None:
        return

    def check_took(self, signer: str, outcome: CheckOutcome, took: timedelta) -> None:
        return

    def retried(self, kind: str) -> None:
        return

    def checked(self, issuer: ObjectKey, at: datetime, expires: datetime | None) -> None:
        return

    def forget_issuer(self, issuer: ObjectKey) -> None:
        return

    def queued(self, waited: timedelta) -> None:
        return

    def called(self, verb: str, resource: str, code: str) -> None:
        return

    def restarted(self, kind: str, cause: WatchRestartReason) -> None:
        return


SILENT = Silent()
