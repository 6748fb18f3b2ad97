"""No tenant can stop another: whatever one does, the other's requests are signed, and the memory is bounded.

The sizes are those of tests/faults/attacks.py times a factor that a small machine bears, told with the figures;
`make bench ARGS="--tenants"` takes twice the sizes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.attacks import ATTACKS, Attack
from tests.faults.tenants import REQUESTS_EACH, measure, why_no_private_mounts
from tests.support.cluster.fixtures import started_api_server
from tests.support.deployed import Deployed, install
from tests.support.figures import Tell

FACTORS = {"large-requests": 0.4, "large-secrets": 0.25}  # of what the API server and etcd have to hold, too
MIB = 384  # the limit of deploy/ is 512
RATIO = 20  # of medians of one run
WHOLE = 10  # the same for all requests, where what is alone includes the manager's start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process's memory is told in /proc")


@pytest.fixture(scope="module")
def plane(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Without cert-manager's webhook, which refuses the large requests: the manager does not rely on it."""
    with started_api_server(pytestconfig, tmp_path_factory.mktemp("tenants")) as server:
        yield install(server)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_another_tenant_is_served_while_the_attack_stands(
    plane: Deployed, tmp_path: Path, tell: Tell, attack: Attack
) -> None:
    if attack.dns and (reason := why_no_private_mounts()):
        pytest.skip(reason)
    factor = FACTORS.get(attack.name, 1.0)
    number = math.ceil(factor * attack.number)
    found = await measure(attack, number, plane, tmp_path)
    tell(f"{number} {attack.title} ({factor:g} of the table's size)", str(found))
    assert found.after > 0, f"the attack did not last: {found}\n{found.log}"
    assert len(found.attacked.took) == REQUESTS_EACH, f"{found}\n{found.log}"
    assert found.peak < MIB, f"{found}\n{found.log}"
    assert found.ratio < RATIO, f"{found}\n{found.log}"
    assert found.whole < WHOLE, f"{found}\n{found.log}"
