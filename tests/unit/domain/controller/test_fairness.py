"""Issuers do not wait for each other.

However many requests of one issuer hang at a CA that does not answer, everybody else's are signed meanwhile.
"""

from __future__ import annotations

from domain.model import Issued, IssuerSpec, Pending, SignRequest
from tests.support.factories import a_spec, cluster_issuer_key, secret_key
from tests.support.harness import Harness, ScriptedSigner
from tests.support.scenes import issued, with_issuer, with_request, with_secret

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
    world = Harness()
    world.signer = SlowForSome()
    world.start()
    for key in (SLOW, QUICK):
        with_secret(world, secret_key(key))
        with_issuer(world, key, spec=a_spec(key, url=f"https://{key.name}.example.com"))
    await world.run()
    for number in range(3 * WIDTH):
        with_request(world, f"slow-{number}", issuer=SLOW)
    await world.run()
    assert len(world.signer.held) == WIDTH
    quick = [with_request(world, f"quick-{number}", issuer=QUICK) for number in range(3 * WIDTH)]
    await world.run()
    assert all(issued(world, key) for key in quick)
    assert len(world.signer.held) == WIDTH
