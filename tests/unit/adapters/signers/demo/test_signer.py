from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.memory.ca_store import MemoryCAStore
from adapters.signers.demo.signer import Demo
from domain.errors import IssuerFailed, Transient
from domain.model import Credentials
from domain.ports import CAStore
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.unit.adapters.signers.orders import ISSUER, order

NOW = datetime(2030, 1, 1, tzinfo=UTC)
NOTHING = Credentials({})


class Counting(MemoryCAStore):
    """Counts how often it is asked."""

    asked = 0

    async def get_or_create(self, make):  # type: ignore[no-untyped-def]
        self.asked += 1
        return await super().get_or_create(make)


class Unreachable(MemoryCAStore):
    async def get_or_create(self, make):  # type: ignore[no-untyped-def]
        raise Transient("the API server is away")


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOW)


def stored(certificate: bytes, key: bytes) -> CAStore:
    store = MemoryCAStore()
    store.pair = certificate, key
    return store


async def test_its_ca_lasts_ten_years_and_is_kept(clock: StoppedClock) -> None:
    store = MemoryCAStore()
    await Demo(store, clock, "demo CA").check(ISSUER, NOTHING)

    assert store.pair
    certificate, key = x509.load_pem_x509_certificate(store.pair[0]), load_pem_private_key(store.pair[1], None)
    assert certificate.subject == certificate.issuer == pki.name("demo CA")
    assert certificate.public_key() == key.public_key()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=3653)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.value, constraints.critical) == (x509.BasicConstraints(ca=True, path_length=None), True)
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.value, usage.critical) == (pki.usage("key_cert_sign", "crl_sign"), True)


async def test_two_controllers_sign_with_the_same_ca(clock: StoppedClock) -> None:
    store = MemoryCAStore()

    answers = [await Demo(store, clock, "demo CA").sign(order()) for _ in range(2)]

    assert store.pair
    assert [answer.ca for answer in answers] == [store.pair[0]] * 2
    assert all(len(x509.load_pem_x509_certificates(answer.chain)) == 1 for answer in answers)


async def test_signing_asks_the_store_once_checking_always(clock: StoppedClock) -> None:
    store = Counting()
    demo = Demo(store, clock, "demo CA")

    for _ in range(3):
        await demo.sign(order())
    assert store.asked == 1

    await demo.check(ISSUER, NOTHING)
    assert store.asked == 2


async def test_a_new_ca_is_used_after_the_next_check(clock: StoppedClock) -> None:
    store, other = MemoryCAStore(), pki.authority("Another", begins=NOW)
    demo = Demo(store, clock, "demo CA")
    await demo.sign(order())

    store.pair = other.pem, other.key_pem
    await demo.check(ISSUER, NOTHING)

    assert (await demo.sign(order())).ca == other.pem


async def test_trouble_of_the_store_is_passed_on(clock: StoppedClock) -> None:
    demo = Demo(Unreachable(), clock, "demo CA")

    with pytest.raises(Transient):
        await demo.check(ISSUER, NOTHING)
    with pytest.raises(Transient):
        await demo.sign(order())


GOOD = pki.authority("Kept", begins=NOW)
BROKEN = {
    "no certificate": (b"garbage", GOOD.key_pem, "holds no PEM block of type CERTIFICATE"),
    "no key": (GOOD.pem, b"garbage", "is no private key in PEM"),
    "another's key": (GOOD.pem, pki.key_pem(pki.key("p256", "other")), "is not the key of the CA certificate"),
    "no CA": (
        pki.authority("Leaf", constraints=None).pem,
        pki.key_pem(pki.key(owner="Leaf")),
        "holds 'CN=Leaf', which is no CA certificate",
    ),
}


@pytest.mark.parametrize(("certificate", "key", "why"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_ca(clock: StoppedClock, certificate: bytes, key: bytes, why: str) -> None:
    with pytest.raises(IssuerFailed, match=f"the stored demo CA {why}.*; delete it and restart the controller"):
        await Demo(stored(certificate, key), clock, "demo CA").check(ISSUER, NOTHING)


async def test_an_expired_ca(clock: StoppedClock) -> None:
    demo = Demo(stored(GOOD.pem, GOOD.key_pem), clock, "demo CA")
    await demo.sign(order())

    clock.time = GOOD.certificate.not_valid_after_utc

    with pytest.raises(IssuerFailed, match=r"the stored demo CA: the CA certificate 'CN=.*' expired on 2031-01-01"):
        await demo.check(ISSUER, NOTHING)
    with pytest.raises(IssuerFailed):
        await demo.sign(order())
