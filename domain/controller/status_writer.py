"""Status writes: a refusal by admission becomes an Event, answers are counted.

A write may have happened though its response was lost or was a 5xx. Then the answer is counted, and its Event recorded,
when the request turns out to have it. The watch keeps no certificate of a status, so an answer is recognised by its
condition, and in a CertificateSigningRequest only by its kind (certificate or Failed).
"""

from __future__ import annotations

from dataclasses import dataclass

from domain import issuers, outcomes, requests
from domain.effects import Event, PatchStatus
from domain.errors import AdmissionRefused, Transient, UnknownOutcome
from domain.model import Issuer, ObjectKey, Request, Snapshot
from domain.ports import Cluster, Metrics, Recorder


@dataclass(frozen=True, slots=True)
class _Unsure:
    patch: PatchStatus
    event: Event


class StatusWriter:
    def __init__(self, cluster: Cluster, recorder: Recorder, metrics: Metrics) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._metrics = metrics
        self._unsure: dict[ObjectKey, _Unsure] = {}

    async def write(self, snapshot: Snapshot, patch: PatchStatus, event: Event | None) -> None:
        """Applies the patch; `event` is what the caller records of it afterwards."""
        try:
            await self._cluster.apply(patch)
        except AdmissionRefused as refusal:
            self._recorder.record(_refused(snapshot, refusal))
            raise
        except (UnknownOutcome, Transient):
            if event and outcomes.answer(patch.status):
                self._unsure[patch.key] = _Unsure(patch, event)
            raise
        self.forget(patch.key)
        if not isinstance(snapshot, Issuer):
            self._count(patch, snapshot.request.issuer)

    def found(self, request: Request) -> Event | None:
        """The Event of an answer whose write succeeded although its response was lost; counts the answer once."""
        if not request.is_terminal:
            return None
        unsure = self._unsure.pop(request.key, None)
        if unsure is None or unsure.event.uid != request.uid or not outcomes.shows(request, unsure.patch.status):
            return None
        self._count(unsure.patch, request.issuer)
        return unsure.event

    def forget(self, key: ObjectKey) -> None:
        self._unsure.pop(key, None)

    def _count(self, patch: PatchStatus, issuer: ObjectKey | None) -> None:
        if issuer and (answer := outcomes.answer(patch.status)):
            self._metrics.request_completed(patch.key.kind, issuer.kind, answer)


def _refused(snapshot: Snapshot, refusal: AdmissionRefused) -> Event:
    if isinstance(snapshot, Issuer):
        return issuers.refused(snapshot, refusal)
    return requests.refused(snapshot.request, refusal)
