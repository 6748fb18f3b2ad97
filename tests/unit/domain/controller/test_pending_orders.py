"""Orders that a CA has taken and answers later.

Whatever happens meanwhile, to the process too, the CA is asked again when it said, with the handle that it gave.
"""

from __future__ import annotations

import pytest

from domain.errors import IssuerUnhealthy, SigningError
from domain.model import Pending
from tests.support.factories import APPROVED_KINDS, HOUR, MINUTE, SECOND
from tests.support.scenes import CA, WEB, a_ready_harness, events, is_ready, issued, signed, with_request


async def test_a_pending_order_is_polled_with_its_handle_until_it_is_signed() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.extend([Pending("wait", MINUTE, "order-1"), Pending("wait", MINUTE, "order-2")])
    with_request(harness)
    await harness.advance(MINUTE - SECOND)
    assert len(signed(harness)) == 1
    await harness.advance(MINUTE + SECOND)
    assert issued(harness)
    assert [order.handle for order in harness.signer.orders] == [None, "order-1", "order-2"]
    assert events(harness) == [("Pending", 1), ("Issued", 1)]


@pytest.mark.parametrize("kind", APPROVED_KINDS)
async def test_a_pending_order_survives_the_process_with_its_handle_and_its_time(kind: str) -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", HOUR, "order-1"))
    key = with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    await harness.kill()
    harness.start()
    await harness.advance(HOUR - MINUTE - SECOND)
    assert len(signed(harness)) == 1
    await harness.advance(SECOND)
    assert issued(harness, key)
    assert [order.handle for order in harness.signer.orders] == [None, "order-1"]


async def test_nothing_makes_a_pending_order_be_asked_before_its_time() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.append(Pending("wait", HOUR, "order-1"))
    with_request(harness)
    await harness.run()
    harness.cluster.update(WEB, annotations={"look": "again"})
    harness.signer.verdicts.append(IssuerUnhealthy("down"))
    harness.cluster.update(CA, annotations={"check": "now"})
    await harness.advance(MINUTE)
    assert is_ready(harness)
    assert len(signed(harness)) == 1
    await harness.advance(HOUR)
    assert issued(harness)


async def test_a_days_old_order_survives_an_error_of_the_ca_after_a_restart() -> None:
    harness = await a_ready_harness()
    harness.signer.answers.extend([Pending("wait", 48 * HOUR), SigningError("stutters")])
    with_request(harness)
    await harness.run()
    await harness.kill()
    harness.start()
    await harness.advance(48 * HOUR + MINUTE)
    assert issued(harness)
