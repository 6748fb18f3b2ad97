"""No credential gets out.

Whatever a signer raises, and however it fails, neither the message of an unexpected exception nor the data of a
Secret is found in a status, an Event or a log record; the class of the exception is, so that people can search.
"""

from __future__ import annotations

import logging

import pytest

from domain.conditions import explain
from domain.errors import IssuerUnhealthy, SigningError, Transient
from domain.model import CheckResult, Credentials, IssuerSpec
from tests.support.factories import KINDS, MINUTE
from tests.support.harness import Harness, fails
from tests.support.scenes import CA, SECRET, events, message, with_issuer, with_request
from tests.support.scripted_signer import ScriptedSigner

CANARY = "c4n4ry"


class UnheardOf(Exception):
    def __repr__(self) -> str:
        return f"UnheardOf({CANARY})"


class LeakySigner(ScriptedSigner):
    """Raises what its script says, with the credential in every place where an exception can hold one."""

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        try:
            return await super().check(issuer, credentials)
        except UnheardOf as failure:
            token = credentials.data["token"].decode()
            failure.add_note(token)
            raise failure from KeyError(token)


def everything(harness: Harness, caplog: pytest.LogCaptureFixture) -> str:
    """All that anybody gets to see."""
    told = [str(patch) for patch in harness.cluster.applied]
    told += [str(seen) for key in set(harness.visits) for seen in harness.recorder.about(key)]
    formatter = logging.Formatter()
    return "\n".join(told + [formatter.format(record) + str(record.__dict__) for record in caplog.records])


def a_harness_with_a_canary() -> Harness:
    harness = Harness()
    harness.signer.__class__ = LeakySigner
    harness.cluster.put_secret(SECRET, {"token": CANARY.encode()})
    with_issuer(harness)
    return harness


@pytest.mark.parametrize("kind", KINDS)
async def test_an_unexpected_exception_while_signing_shows_its_class_alone(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    harness = a_harness_with_a_canary()
    harness.signer.answers.extend([UnheardOf(f"token {CANARY}")] * 100)
    key = with_request(harness, kind=kind)
    await harness.advance(20 * MINUTE)
    assert message(harness, key).endswith("unexpected UnheardOf in the signer (the manager's log says where)")
    assert events(harness, key)[-1][0] == "Failed"
    assert any("UnheardOf" in text and "scripted_signer.py" in text for text in caplog.messages)
    assert CANARY not in everything(harness, caplog)


async def test_an_unexpected_exception_while_checking_shows_its_class_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    harness = a_harness_with_a_canary()
    harness.signer.verdicts.extend([UnheardOf(f"token {CANARY}")] * 100)
    with_request(harness)
    await harness.advance(MINUTE)
    assert message(harness, CA).endswith("unexpected UnheardOf in the signer (the manager's log says where)")
    assert any("UnheardOf" in text and "test_secrecy.py" in text for text in caplog.messages)
    assert CANARY not in everything(harness, caplog)


async def test_the_secrets_data_is_nowhere_when_all_goes_well_or_the_writes_fail(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    harness = a_harness_with_a_canary()
    harness.cluster.faults.extend([fails(Transient("503"))] * 3)
    with_request(harness)
    harness.signer.answers.append(IssuerUnhealthy("down"))
    await harness.advance(MINUTE)
    assert CANARY not in everything(harness, caplog)
    assert CANARY not in repr(harness.signer.orders)
    assert CANARY not in repr(harness.signer.checks)
    assert harness.signer.orders[0].credentials.data["token"] == CANARY.encode()  # the signer itself does get it


@pytest.mark.parametrize("failure", [SigningError("shown"), IssuerUnhealthy("shown"), Transient("shown")])
def test_what_was_written_to_be_shown_is_shown(failure: Exception) -> None:
    assert explain(failure) == "shown"


@pytest.mark.parametrize("failure", [ValueError("hidden"), OSError(5, "hidden"), TimeoutError("hidden")])
def test_of_anything_else_only_the_class_is_shown(failure: Exception) -> None:
    assert type(failure).__name__ in explain(failure)
    assert "hidden" not in explain(failure)
