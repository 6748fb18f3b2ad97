"""The signer of step-ca keeps tokens and certificates, not the Secret."""

from __future__ import annotations

from adapters.signers.step_ca.signer import StepCA
from tests.support.remote import https
from tests.unit.adapters.signers.step_ca.asking import issuer, secret
from tests.unit.adapters.signers.test_letting_go import is_let_go


async def test_step_ca_keeps_no_secret(signer: StepCA, server: https.Server) -> None:
    assert await is_let_go(signer, issuer(server), dict(secret().data))
