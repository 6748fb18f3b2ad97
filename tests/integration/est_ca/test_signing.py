"""What est-ca signs and refuses, what of that gets through, and how it goes when it dies."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from domain.errors import IssuerUnhealthy, RequestRejected, SigningError, WrongCertificate
from domain.model import Issued
from domain.ports import Signer
from tests.integration.est_ca.asking import BY_NAME, order
from tests.integration.est_ca.server import CA, ESTCAServer
from tests.support import pki
from tests.support.remote.asking import refusal, secret
from tests.support.remote.est_spec import est_issuer


@pytest.mark.parametrize("kind", ["p256", "rsa2048", "rsa4096", "ed25519"])
async def test_it_signs(signer: Signer, est_ca: ESTCAServer, kind: str) -> None:
    """What is asked for is just what it gives."""
    await signer.check(est_issuer(est_ca), secret(BY_NAME))

    answer = await signer.sign(order(est_ca, pki.csr(pki.key(kind), common_name="us")))

    assert isinstance(answer, Issued)
    assert answer.ca
    [leaf], ca = x509.load_pem_x509_certificates(answer.chain), x509.load_pem_x509_certificate(answer.ca)
    assert leaf.public_key() == pki.key(kind).public_key()
    assert (ca.subject, ca.public_key()) == (CA.certificate.subject, CA.key.public_key())
    leaf.verify_directly_issued_by(ca)


# Its profile decides, and what is other than asked is not passed on


async def wrong(signer: Signer, est_ca: ESTCAServer, csr: bytes | None = None, **changed: object) -> str:
    """What people are told of the certificate that they do not get."""
    asked = replace(order(est_ca, csr), **changed)  # type: ignore[arg-type]
    told = await refusal(signer.sign(asked), WrongCertificate)
    assert told.startswith("the CA returned a wrong certificate: ")
    return told


async def test_it_drops_the_names(signer: Signer, est_ca: ESTCAServer) -> None:
    told = await wrong(signer, est_ca, pki.csr(common_name="us", dns=["app.example.com"], ips=["192.0.2.1"]))

    assert "subject alternative names: DNS name 'app.example.com' is missing" in told
    assert "subject alternative names: IP address 192.0.2.1 is missing" in told


async def test_it_decides_the_subject(signer: Signer, est_ca: ESTCAServer) -> None:
    assert "subject: asked CN=somebody, got CN=us" in await wrong(signer, est_ca, pki.csr(common_name="somebody"))


async def test_it_decides_the_usages(signer: Signer, est_ca: ESTCAServer) -> None:
    told = await wrong(signer, est_ca, usages=("digital signature", "server auth"))

    assert "usages: asked digital signature, server auth, got digital signature, key encipherment, client auth" in told


async def test_it_decides_the_duration(signer: Signer, est_ca: ESTCAServer) -> None:
    assert "validity: asked 1h" in await wrong(signer, est_ca, duration=timedelta(hours=1))


async def test_it_makes_no_ca(signer: Signer, est_ca: ESTCAServer) -> None:
    assert "isCA: asked True, got False" in await wrong(signer, est_ca, is_ca=True)


async def test_it_breaks_a_key(signer: Signer, est_ca: ESTCAServer) -> None:
    """It takes the curve from the hash that the CSR was signed with; nobody could use that certificate."""
    told = await refusal(signer.sign(order(est_ca, pki.csr(pki.key("p384"), common_name="us"))), SigningError)

    assert told == "the answer of the EST server holds no certificate for the public key of spec.request; see its log"


NOT_TAKEN = {
    "an extension": pki.csr(common_name="us", extensions=[(x509.BasicConstraints(ca=False, path_length=None), True)]),
    "a curve": pki.csr(pki.key("p521"), common_name="us"),
}


@pytest.mark.parametrize("what", NOT_TAKEN)
async def test_a_csr_that_it_refuses(signer: Signer, est_ca: ESTCAServer, what: str) -> None:
    told = await refusal(signer.sign(order(est_ca, NOT_TAKEN[what])), RequestRejected)

    assert told == (
        "the EST server answers simpleenroll with HTTP 400: it refuses spec.request; see its log for what it wants"
    )


# When it dies


async def test_it_is_killed_and_comes_back(signer: Signer, est_ca_of_my_own: ESTCAServer) -> None:
    """With another certificate of the same CA then: what was signed before and after leads to both."""
    asked = order(est_ca_of_my_own)
    before = await signer.sign(asked)

    est_ca_of_my_own.kill()
    await refusal(signer.sign(asked), IssuerUnhealthy)  # on a connection whose end the loop may not have seen yet
    for asking in (signer.sign(asked), signer.check(asked.issuer, asked.credentials)):
        assert "cannot be reached (connection refused)" in await refusal(asking, IssuerUnhealthy)

    est_ca_of_my_own.start()
    after = await signer.sign(asked)
    await signer.check(asked.issuer, asked.credentials)
    renewed = await signer.sign(asked)
    assert isinstance(before, Issued)
    assert isinstance(after, Issued)
    assert isinstance(renewed, Issued)
    assert before.ca == after.ca != renewed.ca


async def test_it_is_killed_in_the_middle(signer: Signer, est_ca_of_my_own: ESTCAServer) -> None:
    """Whatever each of many requests meets, it is signed or IssuerUnhealthy."""
    asked = order(est_ca_of_my_own)
    await signer.sign(asked)

    asking = [asyncio.create_task(signer.sign(asked)) for _ in range(100)]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    est_ca_of_my_own.kill()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    assert {type(outcome) for outcome in outcomes} == {Issued, IssuerUnhealthy}
