"""What came of each reconcile, and how long it took, is told to the metrics by the controller's name."""

from __future__ import annotations

import asyncio

import pytest

from adapters.memory.metrics import MemoryMetrics
from domain.effects import Result
from domain.errors import SigningError, Transient
from domain.model import CERTIFICATE_REQUEST, ObjectKey
from domain.outcomes import ReconcileOutcome
from tests.contracts.clock import StoppedClock
from tests.support.factories import HOUR, MINUTE, T0
from tests.support.harness import fails
from tests.support.scenes import a_ready_harness, with_request
from tests.unit.domain.controller.test_controller import (
    AT_ONCE,
    ISSUER,
    A,
    Bench,
    all_had_their_turn,
    running,
    workers_of,
)

SUCCESS, ERROR, REQUEUE_AFTER = ReconcileOutcome


@pytest.mark.parametrize(("key", "controller"), [(A, "requests"), (ISSUER, "checks")])
@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (Result(), SUCCESS),
        (Result(HOUR), REQUEUE_AFTER),
        (Result(HOUR, failed=True), ERROR),
        (Result(failed=True), ERROR),
    ],
)
async def test_its_result_and_its_time(
    key: ObjectKey, controller: str, result: Result, outcome: ReconcileOutcome
) -> None:
    clock, bench, metrics = StoppedClock(T0), Bench(), MemoryMetrics()
    workers = workers_of(8, clock, metrics=metrics)
    workers.enqueue(key, AT_ONCE)
    async with running(workers, bench.work):
        await bench.has_begun(key)
        clock.time = T0 + MINUTE
        bench.end(key, result.requeue_after, failed=result.failed)
        await all_had_their_turn()
    assert (metrics.reconciles, metrics.reconciling) == ({(controller, outcome): 1}, MINUTE)
    assert metrics.retries == ({key.kind: 1} if outcome is ERROR else {})


async def test_a_bug_is_an_error() -> None:
    bench, metrics = Bench(), MemoryMetrics()
    workers = workers_of(8, StoppedClock(T0), metrics=metrics)
    workers.enqueue(A, AT_ONCE)
    async with running(workers, bench.work):
        await bench.has_begun(A)
        bench.fail(A, ValueError())
        await all_had_their_turn()
    assert (metrics.reconciles, metrics.retries) == ({("requests", ERROR): 1}, {A.kind: 1})


async def test_what_is_cancelled_has_come_to_nothing() -> None:
    bench, metrics = Bench(), MemoryMetrics()
    workers = workers_of(8, StoppedClock(T0), metrics=metrics)
    workers.enqueue(A, AT_ONCE)
    async with running(workers, bench.work):
        await bench.has_begun(A)
    await asyncio.sleep(0)
    assert (bench.running, metrics.reconciles) == (set(), {})


async def test_a_signed_request_is_a_success_and_its_issuer_is_checked_again_later() -> None:
    harness = await a_ready_harness()
    assert harness.metrics.reconciles == {("checks", REQUEUE_AFTER): 1}
    with_request(harness)
    await harness.run()
    assert set(harness.metrics.reconciles) == {("checks", REQUEUE_AFTER), ("requests", SUCCESS)}


async def test_a_signer_that_fails_is_an_error_until_it_signs() -> None:
    harness = await a_ready_harness()
    harness.signer.answers += [SigningError("?"), ValueError("?")]
    with_request(harness)
    await harness.advance(MINUTE)
    assert harness.metrics.reconciles["requests", ERROR] == 2
    assert harness.metrics.reconciles["requests", SUCCESS] > 0


async def test_a_write_that_fails_is_an_error() -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Transient("500")))
    with_request(harness)
    await harness.run()
    assert harness.metrics.reconciles["requests", ERROR] == 1
    assert harness.metrics.retries == {CERTIFICATE_REQUEST: 1}
