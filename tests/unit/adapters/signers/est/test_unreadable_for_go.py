"""An EST server with CA certificates that Go cannot read."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.signers.est.signer import EST
from domain.errors import IssuerUnhealthy
from tests.contracts.clock import StoppedClock
from tests.support.remote.asking import made, secret
from tests.support.remote.est import est
from tests.support.remote.est_spec import est_issuer
from tests.unit.adapters.signers.est.asking import BY_NAME
from tests.unit.adapters.signers.test_unreadable_for_go import ODD_ROOT, WHY

CLOCK = StoppedClock()


async def test_the_check_of_an_est_server_with_an_unreadable_root_names_it(tmp_path: Path) -> None:
    async with est(tmp_path) as server, made() as clients:
        server.trusted = [ODD_ROOT.certificate]

        with pytest.raises(IssuerUnhealthy) as told:
            await EST(clients, CLOCK).check(est_issuer(server), secret(BY_NAME))

    assert "the answer of the EST server to cacerts leads to a CA whose certificates" in str(told.value)
    assert WHY in str(told.value)
