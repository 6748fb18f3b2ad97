"""What the check of an EST server says of when the CA expires."""

from __future__ import annotations

from pathlib import Path

from adapters.signers.est.signer import EST
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import made, secret
from tests.support.remote.est import ISSUING, ROOT, est
from tests.support.remote.est_spec import est_issuer
from tests.unit.adapters.signers.est.asking import BY_NAME


async def test_of_an_est_server(tmp_path: Path) -> None:
    async with made() as clients, est(tmp_path) as server:
        signer, spec, credentials = EST(clients, StoppedClock()), est_issuer(server), secret(BY_NAME)
        assert (await signer.check(spec, credentials)).expires == ROOT.certificate.not_valid_after_utc
        server.trusted = [ROOT.certificate, ISSUING.certificate]
        assert (await signer.check(spec, credentials)).expires == ISSUING.certificate.not_valid_after_utc
