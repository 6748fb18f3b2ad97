"""Worlds with something in them already, and short ways to look at them.

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


def with_secret(world: Harness, key: ObjectKey = SECRET) -> None:
    world.cluster.put_secret(key, {"token": b"t0ken"})


def with_issuer(world: Harness, key: ObjectKey = CA, **changes: Any) -> None:
    world.cluster.create(a_new_issuer(key, **changes))


def with_request(
    world: Harness, name: str = "web", kind: str = CERTIFICATE_REQUEST, at: datetime | None = None, **changes: Any
) -> ObjectKey:
    """An approved request to the issuer `CA`, unless told otherwise."""
    given = {"key": request_key(kind, name), "approved_at": at or world.clock.now()} | changes
    return world.cluster.create(a_request(kind, **given)).key


def approve(world: Harness, key: ObjectKey = WEB) -> None:
    world.cluster.update(key, approval=Approval.APPROVED, approved_at=world.clock.now())


async def a_ready_world(policy: RetryPolicy = POLICY) -> Harness:
    """The issuer `CA` is Ready, and there is no request yet."""
    world = Harness(policy)
    with_secret(world)
    with_issuer(world)
    await world.run()
    assert is_ready(world)
    return world


def is_ready(world: Harness, key: ObjectKey = CA) -> bool:
    issuer = world.cluster.stored(key)
    return isinstance(issuer, Issuer) and issuer.is_ready


def reason(world: Harness, key: ObjectKey = WEB) -> str | None:
    """The reason in the object's condition."""
    found = words(world.cluster.status(key))
    return found[1] if found else None


def message(world: Harness, key: ObjectKey = WEB) -> str:
    found = words(world.cluster.status(key))
    assert found is not None, f"{key} has no condition"
    return found[2]


def issued(world: Harness, key: ObjectKey = WEB) -> bool:
    """Whether the request holds the certificate that the signer made for it."""
    request = world.cluster.stored(key)
    assert isinstance(request, Request)
    held = certificate(world.cluster.status(key))
    return held is not None and held == f"certificate for {request.uid}".encode()


def signed(world: Harness) -> list[str]:
    """Whose requests the signer was asked for, by uid, in order."""
    return [order.uid for order in world.signer.orders]


def uid(world: Harness, key: ObjectKey = WEB) -> str:
    return world.cluster.stored(key).uid


def events(world: Harness, key: ObjectKey = WEB) -> list[tuple[str, int]]:
    """The reasons told about an object, each with how often it was told."""
    return [(seen.event.reason, seen.count) for seen in world.recorder.about(key)]
