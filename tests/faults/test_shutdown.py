"""The manager ended, asked or unasked, in the middle of signing: what is signed is stored, and nothing is lost."""

from __future__ import annotations

import os
import signal
import time

from tests.faults.conftest import Stage
from tests.faults.load import SECONDS
from tests.faults.proxy import silence, status, writes_certificate
from tests.support.cluster.waiting import wait_until
from tests.support.figures import Report
from tests.support.remote.held import Held

AT_ONCE = 8  # of one issuer; see --max-concurrent-requests-per-issuer


def test_sigterm_while_the_ca_is_at_work(stage: Stage) -> None:
    """What the CA had been asked is signed and stored before the end; the rest is for the next manager."""
    held = Held(stage.ca)
    stage.ca.next += [held.answer] * AT_ONCE
    begun = time.monotonic()
    stage.load.put(12)
    wait_until(lambda: not stage.ca.next, SECONDS, "the CA is at work")
    os.kill(stage.manager.process.pid, signal.SIGTERM)
    wait_until(lambda: stage.manager.probe("/readyz") != 200, SECONDS, "the manager is stopping")
    held.release()
    assert stage.exit_code() == 0
    signed = len(stage.ca.signed)
    assert signed >= AT_ONCE
    assert len(stage.load.issued()) == signed, "something was signed and then forgotten"
    stage.manager.start()
    stage.converged("SIGTERM while the CA is at work", begun)


def test_sigterm_while_the_ca_does_not_answer(stage: Stage, report: Report) -> None:
    held = Held(stage.ca)
    stage.ca.next += [held.answer] * AT_ONCE
    stage.load.put(AT_ONCE)
    wait_until(lambda: not stage.ca.next, SECONDS, "the CA is at work")
    begun = time.monotonic()
    os.kill(stage.manager.process.pid, signal.SIGTERM)
    assert stage.exit_code() == 0
    report("from SIGTERM to the end, with a CA that never answers", time.monotonic() - begun)
    stage.manager.start()
    stage.converged("SIGTERM while the CA does not answer", begun)


def test_sigterm_while_a_refused_write_waits_to_be_repeated(stage: Stage) -> None:
    """The certificate in hand is stored before the end, even though its next write is not due yet."""
    refused = stage.proxy.fail(writes_certificate, status(500, "InternalError", retry_after=15), times=4)
    begun = time.monotonic()
    stage.load.put(4)
    wait_until(lambda: refused.taken == refused.times, SECONDS, "the writes are refused")
    os.kill(stage.manager.process.pid, signal.SIGTERM)
    assert stage.exit_code() == 0
    assert len(stage.load.issued()) == len(stage.ca.signed) == 4, "something was signed and then forgotten"
    stage.manager.start()
    stage.converged("SIGTERM while a refused write waits", begun)


def test_sigkill_while_the_ca_is_at_work(stage: Stage) -> None:
    held = Held(stage.ca)
    stage.ca.next += [held.answer] * AT_ONCE
    begun = time.monotonic()
    stage.load.put(12)
    wait_until(lambda: not stage.ca.next, SECONDS, "the CA is at work")
    stage.kill()
    stage.manager.start()
    stage.converged("SIGKILL before the CA's answer", begun)


def test_sigkill_between_the_answer_and_the_write(stage: Stage) -> None:
    """The one window in which a CA is asked twice, and for those requests alone whose write was under way."""
    swallowed = stage.proxy.fail(writes_certificate, silence)
    begun = time.monotonic()
    stage.load.put(12)
    wait_until(lambda: swallowed.taken >= AT_ONCE, SECONDS, "the writes are under way")
    stage.kill()
    stage.proxy.heal()
    under_way = len(stage.ca.signed)
    stage.manager.start()
    figures = stage.converged("SIGKILL between the CA's answer and the write", begun)
    assert figures.in_window == under_way


def test_sigkill_after_the_write(stage: Stage) -> None:
    begun = time.monotonic()
    stage.load.put(12)
    stage.load.converge(begun)
    stage.kill()
    stage.manager.start()
    stage.converged("SIGKILL after the write", begun)
