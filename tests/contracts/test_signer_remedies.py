"""The SignerContract on signers that are wrong on purpose: its failures say what to do."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.decorators import SignerDecorator
from adapters.signers.demo.signer import Demo
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, Pending, SignRequest
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_honours import Honours
from tests.contracts.signer_orders import OrderMaker
from tests.support.authors import run_pytest
from tests.unit.adapters.signers.orders import ISSUER

SUITE = SignerContract()
NO_SECRET = Credentials({})
ORDER = OrderMaker(ISSUER, NO_SECRET)
WARNED = iter(range(100))


class Wrong(SignerDecorator):
    """Demo, but with its orders changed, and with the answer that it is told to give."""

    def __init__(self, answer: object = None, **changes: object) -> None:
        super().__init__(Demo(MemoryCAStore(), StoppedClock(), "demo CA"))
        self._answer = answer
        self._changes = changes

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        return CheckResult(warnings=(f"warning {next(WARNED)}",))

    async def sign(self, order: SignRequest) -> Issued | Pending:
        if isinstance(self._answer, Exception):
            raise self._answer
        if self._answer is not None:
            return self._answer  # type: ignore[return-value]
        return await self._inner.sign(replace(order, **self._changes))  # type: ignore[arg-type]


class NoRoot(Wrong):
    async def sign(self, order: SignRequest) -> Issued | Pending:
        answer = await super().sign(order)
        return replace(answer, ca=None) if isinstance(answer, Issued) else answer


def verified(signer: Signer) -> Signer:
    return VerifyingSigner(signer, StoppedClock())


Call = Callable[[], Awaitable[None]]
FAILURES: dict[str, tuple[Call, list[str]]] = {
    "usages of the CA's own": (
        lambda: SUITE.test_the_public_key_is_the_requests(
            verified(Wrong(usages=("signing", "code signing"))), ORDER, "p256"
        ),
        ["usages: asked digital signature, key encipherment", "`honours`", "ca_decides_subject_and_usages = True"],
    ),
    "a leaf for a CA": (
        lambda: SUITE.test_a_ca(verified(Wrong(is_ca=False)), ORDER, None),
        ["isCA: asked True, got False", "take it out of the suite's `honours`"],
    ),
    "a duration of the CA's own": (
        lambda: SUITE.test_the_certificate_lasts_exactly_as_long_as_asked(
            verified(Wrong(duration=timedelta(minutes=5))), ORDER, timedelta(hours=1)
        ),
        ["ask the CA for the notAfter that is order.duration after its notBefore"],
    ),
    "a refusal": (
        lambda: SUITE.test_the_public_key_is_the_requests(Wrong(RequestRejected("spec.request: no")), ORDER, "p256"),
        ["RequestRejected: spec.request: no", "take it out of the suite's `honours`"],
    ),
    "an issuer that is down": (
        lambda: SUITE.test_the_public_key_is_the_requests(Wrong(IssuerUnhealthy("down")), ORDER, "p256"),
        ["IssuerUnhealthy: down", "fixtures `issuer` and `credentials` fit the CA"],
    ),
    "an error": (
        lambda: SUITE.test_the_public_key_is_the_requests(Wrong(SigningError("HTTP 500")), ORDER, "p256"),
        ["SigningError: HTTP 500", "raise RequestRejected"],
    ),
    "something else than an answer": (
        lambda: SUITE.test_the_public_key_is_the_requests(Wrong(b"PEM"), ORDER, "p256"),
        ["`sign` returned b'PEM': return Issued or Pending, or raise"],
    ),
    "an answer that never comes": (
        lambda: SUITE.test_the_public_key_is_the_requests(Wrong(Pending("wait", timedelta(0), "1")), ORDER, "p256"),
        ["still Pending after 20 polls", "return Issued once the CA has signed"],
    ),
    "no root": (
        lambda: SUITE.test_the_ca_certificate_is_known_and_stands_above_the_chain(verified(NoRoot()), ORDER),
        ["return the root as Issued.ca"],
    ),
    "nobody above the leaf": (
        lambda: SUITE.test_key_identifiers_name_both_keys(verified(NoRoot()), ORDER),
        ["return the intermediates in the chain after the leaf, and the root as ca"],
    ),
    "other warnings each time": (
        lambda: SUITE.test_a_check_warns_of_the_same_again(verified(Wrong()), ISSUER, NO_SECRET),
        ["leave out of the warnings what changes each time"],
    ),
    "a refusal that names no field": (
        lambda: SUITE.test_is_refused(Wrong(RequestRejected("no")), ORDER, NO_SECRET, "garbage"),
        ["name the field of the request"],
    ),
    "one request that stops all others": (
        lambda: SUITE.test_what_the_ca_does_not_honour_stops_no_other_request(
            Wrong(IssuerUnhealthy("no URIs")), ORDER, ISSUER, NO_SECRET, Honours.URIS
        ),
        ["makes all requests of the issuer wait: raise RequestRejected"],
    ),
    "a CA that honours more than is said": (
        lambda: SUITE.test_what_the_ca_does_not_honour_stops_no_other_request(
            verified(Wrong()), ORDER, ISSUER, NO_SECRET, Honours.URIS
        ),
        ["add Honours.URIS to `honours`"],
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
async def test_a_failure_says_what_to_do(failure: str) -> None:
    call, expected = FAILURES[failure]

    with pytest.raises(AssertionError) as caught:
        await call()

    assert [words for words in expected if words not in str(caught.value)] == []


SUITES = """
import pytest

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.demo.signer import Demo
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.contracts.signer_contract import SignerContract
from tests.contracts.signer_honours import ALL, Honours
from tests.contracts.test_signer_remedies import Wrong, verified


class TestBare(SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        return Demo(MemoryCAStore(), StoppedClock(), "demo CA")


class TestWithItsOwnUsages(SignerContract):
    @pytest.fixture
    def signer(self) -> Signer:
        return verified(Wrong(usages=("signing",)))


class TestLacking(SignerContract):
    honours = ALL - {Honours.USAGES, Honours.IS_CA}

    @pytest.fixture
    def signer(self) -> Signer:
        return verified(Wrong())
"""


def test_each_test_of_a_bare_signer_says_what_to_do(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, SUITES, "-k", "TestBare")

    [failed] = re.findall(r"^(\d+) failed, \d+ deselected", said, re.MULTILINE)
    assert said.count("The signer under test is not wrapped in VerifyingSigner: wrap it") >= int(failed) > 100


def test_a_failed_test_names_what_it_asks_of_the_ca(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, SUITES, "-k", "TestWithItsOwnUsages and all_usages")

    assert "take it out of the suite's `honours`" in said
    assert "This test is for CAs that honour spec.usages (Honours.USAGES); spec.isCA (Honours.IS_CA)." in said


def test_what_is_left_out_is_counted_and_not_skipped(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, SUITES, "-k", "TestLacking and (usage or leaf or does_not_honour)")

    assert "TestLacking: " in said
    assert "its `honours` lacks USAGES, IS_CA" in said
    assert "skipped" not in said
    assert "add Honours.IS_CA to `honours`" in said, "Demo makes CA certificates"
    assert re.search(r"^1 failed, \d+ passed, \d+ deselected", said, re.MULTILINE), said
