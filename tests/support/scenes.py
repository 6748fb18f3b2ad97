"""Harnesses with something in them already, and short ways to look at them.

What a scene sets up went through the front door: created, told by the watch, reconciled.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from domain.model import CERTIFICATE_REQUEST, Approval, Issuer, ObjectKey, Request
from domain.retry import RetryPolicy
from tests.support.factories import (
    POLICY,
    a_new_issuer,
    a_request,
    certificate,
    cluster_issuer_key,
    request_key,
    secret_key,
    words,
)
from tests.support.harness import Harness

CA = cluster_issuer_key()
SECRET = secret_key(CA)
WEB = request_key()


def with_secret(harness: Harness, key: ObjectKey = SECRET) -> None:
    harness.cluster.put_secret(key, {"token": b"t0ken"})


def with_issuer(harness: Harness, key: ObjectKey = CA, **changes: Any) -> None:
    harness.cluster.create(a_new_issuer(key, **changes))


def with_request(
    harness: Harness, name: str = "web", kind: str = CERTIFICATE_REQUEST, at: datetime | None = None, **changes: Any
) -> ObjectKey:
    """An approved request to the issuer `CA`, unless told otherwise."""
    given = {"key": request_key(kind, name), "approved_at": at or harness.clock.now()} | changes
    return harness.cluster.create(a_request(kind, **given)).key


def approve(harness: Harness, key: ObjectKey = WEB) -> None:
    harness.cluster.update(key, approval=Approval.APPROVED, approved_at=harness.clock.now())


async def a_ready_harness(policy: RetryPolicy = POLICY) -> Harness:
    """The issuer `CA` is Ready, and there is no request yet."""
    harness = Harness(policy)
    with_secret(harness)
    with_issuer(harness)
    await harness.run()
    assert is_ready(harness)
    return harness


def is_ready(harness: Harness, key: ObjectKey = CA) -> bool:
    issuer = harness.cluster.stored(key)
    return isinstance(issuer, Issuer) and issuer.is_ready


def reason(harness: Harness, key: ObjectKey = WEB) -> str | None:
    """The reason in the object's condition."""
    found = words(harness.cluster.status(key))
    return found[1] if found else None


def message(harness: Harness, key: ObjectKey = WEB) -> str:
    found = words(harness.cluster.status(key))
    assert found is not None, f"{key} has no condition"
    return found[2]


def issued(harness: Harness, key: ObjectKey = WEB) -> bool:
    """Whether the request holds the certificate that the signer made for it."""
    request = harness.cluster.stored(key)
    assert isinstance(request, Request)
    held = certificate(harness.cluster.status(key))
    return held is not None and held == f"certificate for {request.uid}".encode()


def signed(harness: Harness) -> list[str]:
    """Whose requests the signer was asked for, by uid, in order."""
    return [order.uid for order in harness.signer.orders]


def uid(harness: Harness, key: ObjectKey = WEB) -> str:
    return harness.cluster.stored(key).uid


def events(harness: Harness, key: ObjectKey = WEB) -> list[tuple[str, int]]:
    """The reasons told about an object, each with how often it was told."""
    return [(seen.event.reason, seen.count) for seen in harness.recorder.about(key)]
