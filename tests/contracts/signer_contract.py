"""What every Signer must do, as a suite to inherit.

It knows no signer, only the port. Inherit, say what the CA honours (signer_honours.py; all of it, unless you say
otherwise), and how to make the signer, wired as the container wires it:

    class TestMine(SignerContract):
        honours = ALL - {Honours.USAGES, Honours.IS_CA}

        @pytest.fixture
        def signer(self) -> Signer:
            return VerifyingSigner(Mine(...), clock)

and, where yours needs them, `issuer` (spec of an issuer) and `credentials` (the Secret's data). tests/README.md has an
example with a CA to test against.
"""

from __future__ import annotations

import traceback
from collections.abc import Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import RequestRejected
from domain.model import CheckResult, Credentials, IssuerSpec, ObjectKey, Pending
from domain.ports import Signer
from tests.contracts.signer_cases import REFUSED
from tests.contracts.signer_chain import Chain
from tests.contracts.signer_honours import ALL, Honours, needs
from tests.contracts.signer_lacking import Lacking
from tests.contracts.signer_names import Naming
from tests.contracts.signer_orders import DURATION, OrderMaker, quoted, sign, sign_or_fail
from tests.contracts.signer_pods import Pods
from tests.contracts.signer_roots import Roots
from tests.contracts.signer_usages import Usages
from tests.support import pki


class SignerContract(Naming, Usages, Chain, Roots, Lacking, Pods):
    honours: Set[Honours] = ALL
    """What the CA gives as it is asked. Tests that demand something else are left out; pytest says how many."""

    @pytest.fixture
    def signer(self) -> Signer:
        raise NotImplementedError("override the fixture `signer`: return VerifyingSigner(Mine(...), clock)")

    @pytest.fixture
    def issuer(self) -> IssuerSpec:
        """What a user writes into the issuer's spec."""
        return IssuerSpec(url="", secret=ObjectKey("Secret", "default", "credentials"), signer="")

    @pytest.fixture
    def credentials(self) -> Credentials:
        """The data of the issuer's Secret; what it holds must never be seen again."""
        return Credentials({"token": b"canary-5b2f9c1e7d"}, version="1")

    @pytest.fixture
    def order(self, issuer: IssuerSpec, credentials: Credentials) -> OrderMaker:
        return OrderMaker(issuer, credentials, DURATION if Honours.DURATION in self.honours else None)

    async def test_check_passes(self, signer: Signer, issuer: IssuerSpec, credentials: Credentials) -> None:
        found: object = await signer.check(issuer, credentials)

        assert isinstance(found, CheckResult), f"`check` returned {found!r}: return a CheckResult, or raise"

    async def test_a_check_warns_of_the_same_again(
        self, signer: Signer, issuer: IssuerSpec, credentials: Credentials
    ) -> None:
        first = await signer.check(issuer, credentials)

        assert (await signer.check(issuer, credentials)).warnings == first.warnings, (
            "leave out of the warnings what changes each time, or each check writes a status"
        )

    # Time

    @needs(Honours.DURATION)
    @pytest.mark.parametrize("duration", [timedelta(minutes=10), timedelta(hours=1), timedelta(days=7)])
    async def test_the_certificate_lasts_exactly_as_long_as_asked(
        self, signer: Signer, order: OrderMaker, duration: timedelta
    ) -> None:
        """notAfter - notBefore, as cert-manager's conformance suite measures it."""
        asked_at = datetime.now(UTC)

        answer = await sign(signer, order(pki.csr(), duration=duration))

        lasts = answer.leaf.not_valid_after_utc - answer.leaf.not_valid_before_utc
        assert lasts == duration, "ask the CA for the notAfter that is order.duration after its notBefore"
        assert answer.leaf.not_valid_before_utc <= asked_at <= answer.leaf.not_valid_after_utc

    async def test_without_duration_the_signer_decides(self, signer: Signer, order: OrderMaker) -> None:
        answer = await sign(signer, order(pki.csr(), duration=None))

        assert answer.leaf.not_valid_after_utc > datetime.now(UTC)

    async def test_no_certificate_outlives_its_ca(self, signer: Signer, order: OrderMaker) -> None:
        """A CA may also refuse so long a duration. One that decides validity may backdate past its own first day."""
        try:
            answer = await sign_or_fail(signer, order(pki.csr(), duration=timedelta(days=365 * 500)))
        except RequestRejected:
            return

        assert answer.leaf.not_valid_after_utc <= answer.issuer.not_valid_after_utc
        if Honours.DURATION in self.honours:
            assert answer.leaf.not_valid_before_utc >= answer.issuer.not_valid_before_utc

    # What must be refused, and what must not be told

    @pytest.mark.parametrize("case", REFUSED)
    async def test_is_refused(self, signer: Signer, order: OrderMaker, credentials: Credentials, case: str) -> None:
        make, spec = REFUSED[case]
        csr = make()

        with pytest.raises(RequestRejected) as refusal:
            await sign_or_fail(signer, order(csr, **spec))

        assert "spec." in str(refusal.value), "name the field of the request in the message of RequestRejected"
        told = repr(refusal.value) + "".join(traceback.format_exception(refusal.value))
        for secret in [*credentials.data.values(), csr]:
            assert not quoted(secret, told), "a message or its cause quotes the Secret or the CSR: leave it out"

    # Orders that the CA answers later

    @pytest.fixture
    def restarted(self, signer: Signer) -> Signer:
        """The signer as the next process makes it; override where yours hands out handles."""
        return signer

    async def test_an_order_that_waits_is_answered_to_the_next_process(
        self, signer: Signer, restarted: Signer, order: OrderMaker
    ) -> None:
        asked = order(pki.csr())
        first = await signer.sign(asked)

        answer = await sign(restarted, replace(asked, handle=first.handle if isinstance(first, Pending) else None))

        assert answer.leaf.public_key() == pki.key().public_key()

    async def test_nothing_shows_the_credentials(
        self, signer: Signer, order: OrderMaker, issuer: IssuerSpec, credentials: Credentials
    ) -> None:
        await signer.check(issuer, credentials)
        asked = order(pki.csr())
        await sign(signer, asked)

        shown = f"{signer!r} {vars(signer)!r} {asked!r}"
        for secret in credentials.data.values():
            assert not quoted(secret, shown), "keep no credential where repr() of the signer shows it"
