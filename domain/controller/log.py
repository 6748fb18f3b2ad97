"""Log lines about the work on one object, one for each significant change.

A line starts with its object and carries the fields object, issuer, attempt (from 1) and duration (seconds). It holds
no credential; of an unexpected exception it holds the class and the stack frames, not the message.
"""

from __future__ import annotations

import logging
import traceback
from datetime import timedelta

from domain.effects import Event
from domain.errors import ClusterError, SigningError
from domain.model import ObjectKey
from domain.reasons import NORMAL, WARNING

_LEVELS = {NORMAL: logging.INFO, WARNING: logging.WARNING}
_log = logging.getLogger("issuer")


def decided(event: Event, issuer: ObjectKey | None, attempt: int, took: timedelta) -> None:
    """What was decided and carried out; `took` is how long, the signer's time included."""
    fields = {
        "object": str(event.regarding),
        "issuer": str(issuer) if issuer else None,
        "attempt": attempt,
        "duration": took.total_seconds(),
        "reason": event.reason,
    }
    _log.log(_LEVELS[event.type], "%s: %s: %s", event.regarding, event.reason, event.note, extra=fields)


def requeued(key: ObjectKey, attempt: int, wait: timedelta, trouble: ClusterError) -> None:
    """A call to the cluster failed, and the key is tried again."""
    fields = {"object": str(key), "attempt": attempt}
    _log.warning("%s: trying again in %.1f s: %s", key, wait.total_seconds(), trouble, extra=fields)


def failed(key: ObjectKey, failure: Exception) -> None:
    """An unexpected exception of a signer, without its message and values: they may hold a credential."""
    if isinstance(failure, SigningError | ClusterError):
        return
    frames = "".join(traceback.format_tb(failure.__traceback__))
    fields = {"object": str(key)}
    _log.error("%s: unexpected %s in the signer, at\n%s", key, type(failure).__name__, frames, extra=fields)
