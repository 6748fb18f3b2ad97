"""What the log says of a request: a line for each significant change, found by one search for the object.

The lines and fields of real work, in a harness in memory.
"""

from __future__ import annotations

import logging

import pytest

from domain.errors import SigningError, Transient
from tests.support.factories import KINDS, MINUTE, SECOND, T0
from tests.support.harness import fails
from tests.support.scenes import CA, a_ready_harness, with_request


@pytest.fixture(autouse=True)
def all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def about(caplog: pytest.LogCaptureFixture, name: object) -> list[logging.LogRecord]:
    found = [each for each in caplog.records if getattr(each, "object", None) == str(name)]
    assert found == [each for each in caplog.records if each.getMessage().startswith(f"{name}: ")]
    return found


@pytest.mark.parametrize("kind", KINDS)
async def test_all_that_happens_to_a_request_is_found_by_its_name(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    harness = await a_ready_harness()
    harness.signer.answers += [SigningError("no answer"), SigningError("no answer")]
    key = with_request(harness, kind=kind)
    await harness.advance(MINUTE)
    lines = [(vars(each)["reason"], vars(each)["attempt"], vars(each)["issuer"]) for each in about(caplog, key)]
    assert lines == [("Pending", 1, str(CA)), ("Pending", 2, str(CA)), ("Issued", 3, str(CA))]


async def test_a_line_says_how_long_the_work_took_the_signer_included(caplog: pytest.LogCaptureFixture) -> None:
    harness = await a_ready_harness()
    harness.signer.hold()
    key = with_request(harness)
    await harness.run()
    harness.clock.time = T0 + 3 * SECOND
    harness.signer.release_all()
    await harness.run()
    [line] = about(caplog, key)
    assert vars(line)["duration"] == 3.0


async def test_a_write_that_fails_is_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    harness = await a_ready_harness()
    harness.cluster.faults.append(fails(Transient("etcd is away")))
    key = with_request(harness)
    await harness.advance(MINUTE)
    failed, issued = about(caplog, key)
    assert "etcd is away" in failed.getMessage()
    assert (vars(failed)["attempt"], vars(issued)["attempt"]) == (1, 2)


async def test_an_issuers_line_names_no_other_issuer(caplog: pytest.LogCaptureFixture) -> None:
    await a_ready_harness()
    assert [vars(each)["issuer"] for each in about(caplog, CA)] == [None, None]
