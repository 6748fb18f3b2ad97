"""The last known state of issuers, requests and Secrets, and which keys a change enqueues.

Pure. It is fed by watches and by the responses to status writes, so that the same version may come twice, and late.
Our own status writes enqueue only the requests that wait for an issuer. An issuer that already has a status when it
is first seen was checked by an earlier process: its check is spread over a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

from domain.model import (
    NO_REQUESTER,
    Approval,
    Issuer,
    ObjectKey,
    Request,
    RequestSnapshot,
    SecretVersion,
    Snapshot,
)
from domain.retry import fraction

Object = Issuer | Request | SecretVersion
Keys = list[tuple[ObjectKey, timedelta]]
"""Keys to enqueue, each with a delay."""

AT_ONCE = timedelta(0)
SPREAD = timedelta(minutes=1)


def _nothing_held(secret: ObjectKey) -> None:
    """For callers that keep no Secrets."""


class Cache:
    """`unused` is called with each Secret that no issuer uses any more."""

    def __init__(self, unused: Callable[[ObjectKey], None] = _nothing_held) -> None:
        self._unused = unused
        self._objects: dict[ObjectKey, Object] = {}
        self._waiting: dict[ObjectKey, dict[ObjectKey, None]] = {}  # issuer → its unanswered requests
        self._users: dict[ObjectKey, dict[ObjectKey, None]] = {}  # Secret → the issuers that use it

    def keys(self, kind: str) -> Iterator[ObjectKey]:
        return (key for key in self._objects if key.kind == kind)

    def all_to_do(self) -> Keys:
        """Keys to enqueue on becoming leader: unanswered requests and all issuers."""
        issuers = [_first_look(known) for known in self._objects.values() if isinstance(known, Issuer)]
        return issuers + [(request, AT_ONCE) for waiting in self._waiting.values() for request in waiting]

    def issuers(self) -> Iterator[Issuer]:
        keys = (key for users in self._users.values() for key in users)
        return (issuer for key in keys if isinstance(issuer := self._objects.get(key), Issuer))

    def waiting(self) -> Iterator[Request]:
        """The approved requests without an answer, except deleted and invalid ones."""
        keys = (key for waiting in self._waiting.values() for key in waiting)
        found = (request for key in keys if isinstance(request := self._objects.get(key), Request))
        return (each for each in found if each.approval is Approval.APPROVED and not (each.deleting or each.invalid))

    def snapshot(self, key: ObjectKey) -> Snapshot | None:
        match self._objects.get(key):
            case Issuer() as issuer:
                return issuer
            case Request(issuer=ObjectKey() as named) as request:
                found = self._objects.get(named)
                return RequestSnapshot(request, found if isinstance(found, Issuer) else None)
        return None

    def issuer_of(self, key: ObjectKey) -> ObjectKey | None:
        """The issuer that a request names."""
        known = self._objects.get(key)
        return known.issuer if isinstance(known, Request) else None

    def version(self, secret: ObjectKey) -> str | None:
        """The resource version of a Secret that exists."""
        known = self._objects.get(secret)
        return known.resource_version if known else None

    def is_used(self, secret: ObjectKey) -> bool:
        """Whether an issuer names this Secret."""
        return secret in self._users

    def put(self, new: Object) -> Keys:
        """Takes an object from the watch; one that is not newer than the cached one changes nothing."""
        old = self._objects.get(new.key)
        if old is not None and old.uid == new.uid and not _is_newer(new.resource_version, old.resource_version):
            return []
        if isinstance(new, Request):
            return self._put_request(new, old if isinstance(old, Request) else None)
        self._objects[new.key] = new
        if isinstance(new, Issuer):
            return self._put_issuer(new, old if isinstance(old, Issuer) else None)
        return [(user, AT_ONCE) for user in self._users.get(new.key, ())]

    def refresh(self, new: Object) -> Keys:
        """As `put`, for what was read or written by name: an object that was deleted meanwhile is not added again."""
        old = self._objects.get(new.key)
        return self.put(new) if old is not None and _is_newer(new.resource_version, old.resource_version) else []

    def remove(self, key: ObjectKey) -> Keys:
        """Removes an object and enqueues its key once, so that what is kept of it elsewhere is removed too."""
        old = self._objects.pop(key, None)
        match old:
            case Request():
                self._forget(self._waiting, old.issuer, key)
                return [(key, AT_ONCE)]
            case Issuer():
                self._release(old.spec.secret, key)
                return [(woken, AT_ONCE) for woken in (key, *self._waiting.get(key, ()))]
            case SecretVersion():
                return [(user, AT_ONCE) for user in self._users.get(key, ())]
        return []

    def _put_request(self, new: Request, old: Request | None) -> Keys:
        if old is not None and old.issuer != new.issuer:
            self.remove(old.key)
        if new.issuer is None:  # not ours: not even remembered
            return []
        if new.is_terminal:
            self._objects[new.key] = replace(new, csr=b"", requester=NO_REQUESTER)
            self._forget(self._waiting, new.issuer, new.key)
            return []
        self._objects[new.key] = new
        self._waiting.setdefault(new.issuer, {})[new.key] = None
        return [(new.key, AT_ONCE)] if old is None or _differs(new, old) else []

    def _put_issuer(self, new: Issuer, old: Issuer | None) -> Keys:
        if old is not None and old.spec.secret != new.spec.secret:
            self._release(old.spec.secret, new.key)
        self._users.setdefault(new.spec.secret, {})[new.key] = None
        enqueued: Keys = []
        if old is None or old.uid != new.uid:
            enqueued.append(_first_look(new))
        elif (new.generation, new.annotations, new.deleting) != (old.generation, old.annotations, old.deleting):
            enqueued.append((new.key, AT_ONCE))
        if old is None or (new.is_ready and not old.is_ready):
            enqueued += [(request, AT_ONCE) for request in self._waiting.get(new.key, ())]
        return enqueued

    def _release(self, secret: ObjectKey, issuer: ObjectKey) -> None:
        self._forget(self._users, secret, issuer)
        if not self.is_used(secret):
            self._unused(secret)

    @staticmethod
    def _forget(index: dict[ObjectKey, dict[ObjectKey, None]], owner: ObjectKey | None, key: ObjectKey) -> None:
        if owner is None or owner not in index:
            return
        index[owner].pop(key, None)
        if not index[owner]:
            del index[owner]


def _first_look(issuer: Issuer) -> tuple[ObjectKey, timedelta]:
    return issuer.key, SPREAD * fraction(issuer.uid) if issuer.is_current else AT_ONCE


def _differs(new: Request, old: Request) -> bool:
    """Whether anything changed but our own status."""
    return _foreign(new) != _foreign(old)


def _foreign(request: Request) -> Request:
    return replace(request, resource_version="", ready=None, order=None, failed=False, has_certificate=False)


def _is_newer(new: str, old: str) -> bool:
    """Resource versions of one kind are numbers that grow (Kubernetes API concepts, "Resource versions")."""
    return int(new) > int(old) if new.isdigit() and old.isdigit() else new != old
