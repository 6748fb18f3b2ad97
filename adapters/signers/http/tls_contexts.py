"""TLS contexts, of which clients that trust the same and show no certificate share one.

A context holds all trusted certificates in memory: the system's store alone takes most of a megabyte.
"""

from __future__ import annotations

import hashlib
import ssl
import threading
import weakref
from datetime import datetime

from adapters.signers.http import tls
from domain.model import Credentials, ObjectKey

_SYSTEM = b"system"


class Contexts:
    """Keeps no context alive by itself: one that no client uses any more is gone."""

    def __init__(self) -> None:
        self._shared: weakref.WeakValueDictionary[bytes, ssl.SSLContext] = weakref.WeakValueDictionary()
        self._guard = threading.Lock()

    def get(
        self, secret: ObjectKey, credentials: Credentials, *, client_certificate: bool, now: datetime
    ) -> ssl.SSLContext:
        """As tls.context, and like that to be called in a thread. Nothing may change the context."""
        if client_certificate:
            return tls.context(secret, credentials, client_certificate=True, now=now)
        trusted = _trusted(credentials)
        with self._guard:  # of those who want the same at once, the first one makes it
            found = self._shared.get(trusted)
            if found is None:
                found = tls.context(secret, credentials, client_certificate=False, now=now)
                self._shared[trusted] = found
            return found


def _trusted(credentials: Credentials) -> bytes:
    """What the connection trusts: the SHA-256 of ca.crt, or the system's store."""
    return hashlib.sha256(credentials.data[tls.TRUSTED]).digest() if tls.has_bundle(credentials) else _SYSTEM


def size(credentials: Credentials, *, client_certificate: bool) -> int:
    """About how many bytes of memory the context takes; 0 where it is that of the system's store, which all share."""
    if tls.has_bundle(credentials):
        return 4 * len(credentials.data[tls.TRUSTED])
    return 1024**2 if client_certificate else 0
