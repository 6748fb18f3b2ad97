"""What `check` says of when the CA expires: the first certificate of the way up, not the one that signs alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.ca.signer import CA
from adapters.signers.demo.signer import Demo
from adapters.signers.pki import bundle
from adapters.signers.verify import VerifyingSigner
from domain.model import Credentials
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.unit.adapters.signers.orders import ISSUER

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


def ca(name: str, days: int, parent: pki.Authority | None = None) -> pki.Authority:
    return pki.authority(name, parent=parent, begins=NOW - DAY, lasts=(1 + days) * DAY)


LONG, SHORT = ca("root", 100), ca("short root", 10)
BELOW_LONG, BELOW_SHORT = ca("below", 20, LONG), ca("long below short", 50, SHORT)


@pytest.mark.parametrize(
    ("cas", "days"),
    [
        ([LONG], 100),
        ([LONG, BELOW_LONG], 20),
        ([BELOW_SHORT, SHORT], 10),
        ([BELOW_SHORT], 50),
        ([LONG, SHORT], 100),  # a roll-over: the new one signs
        ([BELOW_LONG, SHORT, BELOW_SHORT, LONG], 20),
        ([LONG, ca("root", 40), SHORT, BELOW_SHORT], 100),  # of the same name and key
    ],
)
def test_of_a_bag(cas: list[pki.Authority], days: int) -> None:
    path = bundle.signing_path([each.certificate for each in cas], NOW)

    assert min(each.not_valid_after_utc for each in path) == NOW + days * DAY


def test_of_an_empty_bag() -> None:
    assert bundle.signing_path([], NOW) == ()


@pytest.mark.parametrize(("path", "days"), [([LONG], 100), ([BELOW_LONG, LONG], 20), ([BELOW_SHORT, SHORT], 10)])
async def test_of_the_signer_ca(path: list[pki.Authority], days: int) -> None:
    data = {"tls.crt": b"".join(each.pem for each in path), "tls.key": path[0].key_pem}
    clock = StoppedClock(NOW)
    result = await VerifyingSigner(CA(clock), clock).check(ISSUER, Credentials(data))
    assert result.expires == NOW + days * DAY


async def test_of_the_signer_demo() -> None:
    signer: Signer = Demo(MemoryCAStore(), StoppedClock(NOW), "demo CA")
    result = await signer.check(ISSUER, Credentials({}))
    assert result.expires == NOW - timedelta(minutes=5) + timedelta(days=3653)
