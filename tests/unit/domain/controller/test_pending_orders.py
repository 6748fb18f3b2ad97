"""Orders that a CA has taken and answers later.

Whatever happens meanwhile, to the process too, the CA is asked again when it said, with the handle that it gave.
"""

from __future__ import annotations

from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Pending
from tests.support.factories import HOUR, MINUTE, SECOND
from tests.support.scenes import CA, WEB, a_ready_world, events, is_ready, issued, signed, with_request
from tests.unit.domain.deciding import both_kinds


async def test_a_pending_order_is_polled_with_its_handle_until_it_is_signed() -> None:
    world = await a_ready_world()
    world.signer.answers.extend([Pending("wait", MINUTE, "order-1"), Pending("wait", MINUTE, "order-2")])
    with_request(world)
    await world.advance(MINUTE - SECOND)
    assert len(signed(world)) == 1
    await world.advance(MINUTE + SECOND)
    assert issued(world)
    assert [order.handle for order in world.signer.orders] == [None, "order-1", "order-2"]
    assert events(world) == [("Pending", 1), ("Issued", 1)]


@both_kinds
async def test_a_pending_order_survives_the_process_with_its_handle_and_its_time(kind: str) -> None:
    world = await a_ready_world()
    world.signer.answers.append(Pending("wait", HOUR, "order-1"))
    key = with_request(world, kind=kind)
    await world.advance(MINUTE)
    await world.kill()
    world.start()
    await world.advance(HOUR - MINUTE - SECOND)
    assert len(signed(world)) == 1
    await world.advance(SECOND)
    assert issued(world, key)
    assert [order.handle for order in world.signer.orders] == [None, "order-1"]


async def test_nothing_makes_a_pending_order_be_asked_before_its_time() -> None:
    world = await a_ready_world()
    world.signer.answers.append(Pending("wait", HOUR, "order-1"))
    with_request(world)
    await world.run()
    world.cluster.update(WEB, annotations={"look": "again"})
    world.signer.verdicts.append(IssuerUnhealthy("down"))
    world.cluster.update(CA, annotations={"check": "now"})
    await world.advance(MINUTE)
    assert is_ready(world)
    assert len(signed(world)) == 1
    await world.advance(HOUR)
    assert issued(world)


async def test_a_days_old_order_survives_an_error_of_the_ca_after_a_restart() -> None:
    world = await a_ready_world()
    world.signer.answers.extend([Pending("wait", 48 * HOUR), SigningError("stutters")])
    with_request(world)
    await world.run()
    await world.kill()
    world.start()
    await world.advance(48 * HOUR + MINUTE)
    assert issued(world)
