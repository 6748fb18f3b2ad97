"""Who gets in at the real step-ca, and what the others are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA
from adapters.signers.verify import VerifyingSigner
from domain.errors import IssuerFailed, IssuerUnhealthy
from domain.model import Issued
from domain.ports import Signer
from tests.contracts.clock import StoppedClock
from tests.integration.step_ca.asking import BY_CERTIFICATE, BY_DEFAULT, BY_HONOURING, by_jwk, issuer, leaf_of, order
from tests.integration.step_ca.provisioner import PASSWORD, Provisioner
from tests.integration.step_ca.server import DEFAULT_JWK, ISSUING, ROOT, X5C_ROOT, StepCAServer
from tests.support import pki
from tests.support.remote.asking import refusal, secret
from tests.support.remote.https import leaf


@pytest.fixture
def signer(clients: ClientPool) -> Signer:
    clock = SystemClock()
    return VerifyingSigner(StepCA(clients, clock), clock)


@pytest.mark.parametrize(
    ("provisioner", "data"),
    [
        ("jwk", BY_DEFAULT),
        ("jwk-honouring", BY_HONOURING),
        ("x5c", BY_CERTIFICATE),
        ("x5c-honouring", BY_CERTIFICATE),
    ],
)
async def test_it_signs(signer: Signer, step_ca: StepCAServer, provisioner: str, data: dict[str, bytes]) -> None:
    spec = issuer(step_ca, provisioner)
    await signer.check(spec, secret(data))

    answer = await signer.sign(order(spec, data))

    assert isinstance(answer, Issued)
    signed, *above = x509.load_pem_x509_certificates(answer.chain)
    assert signed.public_key() == pki.key().public_key()
    assert above == [ISSUING.certificate]
    assert answer.ca == ROOT.pem
    assert PASSWORD not in step_ca.log


async def test_a_wrong_password(signer: Signer, step_ca: StepCAServer) -> None:
    wrong = by_jwk(DEFAULT_JWK, "guessed")

    for asking in (signer.check(issuer(step_ca), secret(wrong)), signer.sign(order(issuer(step_ca), wrong))):
        told = await refusal(asking, IssuerFailed)
        assert told == (
            "Secret team-a/my-ca: jwk does not open with the password; "
            "store the provisioner's encryptedKey and its password"
        )


async def test_an_unknown_provisioner(signer: Signer, step_ca: StepCAServer) -> None:
    spec = issuer(step_ca, "nobody")

    told = await refusal(signer.check(spec, secret(BY_DEFAULT)), IssuerUnhealthy)
    assert told == "step-ca has no provisioner 'nobody'; correct spec.stepCA.provisioner, or add it to the CA"
    told = await refusal(signer.sign(order(spec, BY_DEFAULT)), IssuerUnhealthy)
    assert "HTTP 401: it accepts no token of provisioner 'nobody' by jwk and password of Secret team-a/my-ca" in told


async def test_a_provisioner_on_the_second_page(signer: Signer, step_ca: StepCAServer) -> None:
    told = await refusal(signer.check(issuer(step_ca, "jwk-last"), secret(BY_DEFAULT)), IssuerUnhealthy)

    assert "'jwk-last' has another key than jwk and password of Secret team-a/my-ca" in told


@pytest.mark.parametrize(
    ("provisioner", "data", "told"),
    [
        ("jwk", BY_HONOURING, "'jwk' has another key than jwk and password of Secret team-a/my-ca"),
        ("jwk", BY_CERTIFICATE, "'jwk' is not of type X5C, for which tls.crt and tls.key of Secret team-a/my-ca are"),
        ("x5c", BY_DEFAULT, "'x5c' is not of type JWK"),
    ],
)
async def test_credentials_of_another_provisioner(
    signer: Signer, step_ca: StepCAServer, provisioner: str, data: dict[str, bytes], told: str
) -> None:
    spec = issuer(step_ca, provisioner)

    assert told in await refusal(signer.check(spec, secret(data)), IssuerUnhealthy)
    assert "HTTP 401" in await refusal(signer.sign(order(spec, data)), IssuerUnhealthy)


async def test_another_key_of_the_same_name(signer: Signer, step_ca: StepCAServer) -> None:
    """Only the signature of the token is wrong."""
    stolen_name = by_jwk(Provisioner("default"))

    assert "HTTP 401" in await refusal(signer.sign(order(issuer(step_ca), stolen_name)), IssuerUnhealthy)


async def test_a_certificate_of_another_root(signer: Signer, step_ca: StepCAServer) -> None:
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
    stranger = leaf("us", pki.authority("Stranger"), purpose)
    data = {"tls.crt": stranger.pem, "tls.key": stranger.key_pem}

    told = await refusal(signer.sign(order(issuer(step_ca, "x5c"), data)), IssuerUnhealthy)

    assert "by tls.crt and tls.key of Secret team-a/my-ca" in told


async def test_a_certificate_below_an_intermediate(signer: Signer, step_ca: StepCAServer) -> None:
    between = pki.authority("X5C intermediate", parent=X5C_ROOT)
    us = leaf("us", between, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]))
    data = {"tls.crt": us.pem + between.pem, "tls.key": us.key_pem}

    leaf_of(await signer.sign(order(issuer(step_ca, "x5c"), data)))


async def test_a_clock_that_is_far_off(clients: ClientPool, step_ca: StepCAServer) -> None:
    signer = StepCA(clients, StoppedClock(datetime.now(UTC) - timedelta(hours=1)))

    assert "HTTP 401" in await refusal(signer.sign(order(issuer(step_ca), BY_DEFAULT)), IssuerUnhealthy)


async def test_a_name_that_the_ca_does_not_go_by(clients: ClientPool, step_ca: StepCAServer) -> None:
    """TLS tells it first, and nothing is sent."""
    spec = replace(issuer(step_ca), url=step_ca.url.replace("localhost", "127.0.0.1"))

    told = await refusal(StepCA(clients, SystemClock()).check(spec, secret(BY_DEFAULT)), IssuerUnhealthy)

    assert "shows a certificate for another name" in told
