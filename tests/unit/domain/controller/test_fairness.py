"""Issuers do not wait for each other.

However many requests of one issuer hang at a CA that does not answer, everybody else's are signed meanwhile.
"""

from __future__ import annotations

from domain.model import Issued, IssuerSpec, Pending, SignRequest
from tests.support.factories import a_spec, cluster_issuer_key, secret_key
from tests.support.harness import Harness
from tests.support.scenes import issued, with_issuer, with_request, with_secret
from tests.support.scripted_signer import ScriptedSigner

SLOW, QUICK = cluster_issuer_key("slow"), cluster_issuer_key("quick")
WIDTH = 8  # of World's lanes


class SlowForSome(ScriptedSigner):
    """Holds the requests of one issuer alone."""

    async def sign(self, order: SignRequest) -> Issued | Pending:
        self._holding = _is_slow(order.issuer)
        return await super().sign(order)


def _is_slow(spec: IssuerSpec) -> bool:
    return spec.url == "https://slow.example.com"


async def test_a_ca_that_does_not_answer_keeps_only_its_own_requests_waiting() -> None:
    harness = Harness()
    harness.signer = SlowForSome()
    harness.start()
    for key in (SLOW, QUICK):
        with_secret(harness, secret_key(key))
        with_issuer(harness, key, spec=a_spec(key, url=f"https://{key.name}.example.com"))
    await harness.run()
    for number in range(3 * WIDTH):
        with_request(harness, f"slow-{number}", issuer=SLOW)
    await harness.run()
    assert len(harness.signer.held) == WIDTH
    quick = [with_request(harness, f"quick-{number}", issuer=QUICK) for number in range(3 * WIDTH)]
    await harness.run()
    assert all(issued(harness, key) for key in quick)
    assert len(harness.signer.held) == WIDTH
