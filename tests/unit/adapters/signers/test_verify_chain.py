"""The chain and the CA certificate: put in order where they can be, and not passed on where they cannot."""

import pytest
from cryptography import x509

from adapters.signers.pki import chains
from domain.errors import WrongCertificate
from domain.model import Issued
from tests.support import pki
from tests.unit.adapters.signers.lying import CLOCK, LOWER, REQUEST, ROOT, STRANGER, UPPER, honest, pem, verify


@pytest.mark.parametrize(
    ("above", "ca"),
    [
        ([LOWER, UPPER], ROOT.pem),
        ([UPPER, LOWER], ROOT.pem),
        ([UPPER, ROOT, LOWER], None),
        ([LOWER, UPPER, ROOT], b""),
        ([LOWER, UPPER, LOWER, UPPER, ROOT, ROOT], ROOT.pem),
        ([LOWER, UPPER], b"Root of our company:\n" + ROOT.pem),
    ],
)
async def test_the_chain_comes_in_order_without_its_root(above: list[pki.Authority], ca: bytes | None) -> None:
    leaf = await honest()

    answer = await verify(Issued(pem(leaf, *above), ca))

    assert answer == Issued(pem(leaf, LOWER, UPPER), ROOT.pem)


async def test_the_leaf_may_come_last() -> None:
    leaf = await honest()

    assert await verify(Issued(pem(ROOT, UPPER, LOWER, leaf))) == Issued(pem(leaf, LOWER, UPPER), ROOT.pem)


async def test_a_ca_certificate_may_be_unknown() -> None:
    leaf = await honest()

    assert await verify(Issued(pem(leaf))) == Issued(pem(leaf), None)


async def test_what_is_trusted_may_be_an_intermediate() -> None:
    answer = Issued(pem(await honest(), LOWER), LOWER.pem)

    assert await verify(answer) == answer


@pytest.mark.parametrize("above", [[UPPER], [ROOT], [LOWER, ROOT]])
async def test_a_chain_with_a_gap_below_what_is_trusted(above: list[pki.Authority]) -> None:
    with pytest.raises(WrongCertificate, match="did not issue the chain it came with"):
        await verify(Issued(pem(await honest(), *above), ROOT.pem))


async def test_a_stranger_is_left_out() -> None:
    leaf = await honest()

    assert await verify(Issued(pem(leaf, STRANGER, LOWER, UPPER), ROOT.pem)) == Issued(
        pem(leaf, LOWER, UPPER), ROOT.pem
    )


async def test_a_certificate_that_cannot_be_read_is_left_out() -> None:
    leaf, garbage = await honest(), pki.armor(b"garbage", "CERTIFICATE")

    answer = await verify(Issued(garbage + pem(leaf, LOWER, UPPER), garbage + ROOT.pem))

    assert answer == Issued(pem(leaf, LOWER, UPPER), ROOT.pem)


def namesakes(count: int) -> list[pki.Authority]:
    """So many CAs of one name, each signed by the one before it."""
    found = [pki.authority("One CA", private=pki.key("ed25519", "0"))]
    while len(found) < count:
        found.append(pki.authority("One CA", parent=found[-1], private=pki.key("ed25519", str(len(found)))))
    return found


def test_signatures_are_not_checked_without_end() -> None:
    few, many = namesakes(8), namesakes(40)
    now = CLOCK.now()

    path = chains.Graph(ca.certificate for ca in few).best([few[-1].certificate], [], now)

    assert path == tuple(ca.certificate for ca in reversed(few))
    with pytest.raises(ValueError, match=r"^holds too many certificates of the same name"):
        chains.Graph(ca.certificate for ca in many).best([many[-1].certificate], [], now)


def test_paths_are_not_followed_without_end() -> None:
    """Each CA is there twice, so that each level doubles the number of paths."""
    cas, twins = [pki.authority("CA 0")], []
    for level in range(1, 25):
        cas.append(pki.authority(f"CA {level}", parent=cas[-1]))
        twins.append(pki.altered(cas[-1].certificate, cas[-2]))
    graph = chains.Graph([*(ca.certificate for ca in cas), *twins])

    with pytest.raises(ValueError, match=r"^holds too many certificates of the same name"):
        graph.best([cas[-1].certificate], [], CLOCK.now())


async def test_a_namesake_of_the_issuer_is_found_out() -> None:
    namesake = pki.authority("Lower CA", parent=UPPER, private=pki.key("p256", "other"))

    leaf = await honest()

    assert await verify(Issued(pem(leaf, namesake))) == Issued(pem(leaf), None)


@pytest.mark.parametrize(
    ("ca", "why"),
    [
        (STRANGER.pem, "did not issue the chain it came with"),
        (UPPER.pem, "did not issue the chain it came with"),
        (b"garbage", "holds no PEM block of type CERTIFICATE"),
        (pki.armor(b"garbage", "CERTIFICATE"), "cannot be read: certificate 1: "),
        (ROOT.key_pem, "holds no PEM block of type CERTIFICATE, but PRIVATE KEY"),
        (b"\n" * 330_001, "more than the 330,000 allowed"),
    ],
)
async def test_a_ca_certificate_that_does_not_belong(ca: bytes, why: str) -> None:
    with pytest.raises(WrongCertificate, match=f"the CA certificate that the signer returned .*{why}"):
        await verify(Issued(pem(await honest()), ca))


@pytest.mark.parametrize(
    ("chain", "why"),
    [
        (b"", "holds no PEM block of type CERTIFICATE"),
        (b"<html>502</html>", "holds no PEM block"),
        (pki.armor(b"garbage", "CERTIFICATE"), "cannot be read: certificate 1: "),
        (REQUEST, "holds no PEM block of type CERTIFICATE, but CERTIFICATE REQUEST"),
        (ROOT.pem, "holds no certificate for the public key"),
        (b"\n" * 95_001, "has 95,001 bytes, more than the 95,000 allowed"),
        (pki.armor(b"", "CERTIFICATE") * 1_001, "more than the 1,000 PEM blocks"),
    ],
)
async def test_garbage(chain: bytes, why: str) -> None:
    with pytest.raises(WrongCertificate, match=f"the chain that the CA returned .*{why}"):
        await verify(Issued(chain))


async def test_an_oversized_leaf() -> None:
    blob = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x04\x82\x69\x00" + b"x" * 0x6900)
    leaf = pki.altered(await honest(), LOWER, extension=blob, without=x509.OCSPNoCheck)

    with pytest.raises(WrongCertificate, match="holds a certificate of more than the 36,500 bytes allowed") as told:
        await verify(Issued(pem(leaf)))

    assert told.value.difference == str(told.value)
