"""What the real step-ca signs, for how long, by which template, and through restarts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA
from adapters.signers.verify import VerifyingSigner
from adapters.spec_fields import Duration
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import Issued
from domain.ports import Signer
from tests.integration.step_ca.asking import BY_CERTIFICATE, BY_DEFAULT, BY_HONOURING, issuer, leaf_of, order
from tests.integration.step_ca.server import ISSUING, ROOT, X5C_ROOT, StepCAServer
from tests.support import pki
from tests.support.remote.asking import refusal, secret


@pytest.fixture
def signer(clients: ClientPool) -> Signer:
    clock = SystemClock()
    return VerifyingSigner(StepCA(clients, clock), clock)


# How long


async def test_ninety_days_are_refused_and_not_shortened(signer: Signer, step_ca: StepCAServer) -> None:
    asked = order(issuer(step_ca), BY_DEFAULT, duration=timedelta(days=90))

    told = await refusal(signer.sign(asked), RequestRejected)

    assert told == (
        "step-ca answers /1.0/sign with HTTP 403: its policy does not allow the duration, a name or the key of this "
        "request; ask for a shorter spec.duration, or have the issuer ask for less by spec.stepCA.maxDuration, or "
        "see the CA's log"
    )
    assert "more than the authorized maximum certificate duration" in step_ca.log


@pytest.mark.parametrize(
    ("asked", "longest", "got"),
    [
        (timedelta(days=90), Duration(hours=24), timedelta(hours=24)),
        (timedelta(hours=1), Duration(hours=24), timedelta(hours=1)),
        (timedelta(hours=1), None, timedelta(hours=1)),
        (None, Duration(hours=1), timedelta(hours=1)),
        (None, None, timedelta(hours=24)),  # the CA's own default
    ],
)
async def test_max_duration_bounds_what_is_asked(
    signer: Signer, step_ca: StepCAServer, asked: timedelta | None, longest: Duration | None, got: timedelta
) -> None:
    spec = issuer(step_ca, max_duration=longest)

    signed = leaf_of(await signer.sign(order(spec, BY_DEFAULT, duration=asked)))

    lasts = signed.not_valid_after_utc - signed.not_valid_before_utc
    assert got <= lasts <= got + timedelta(minutes=1)  # so much earlier begins what the CA itself decides


@pytest.mark.parametrize(
    "duration", [timedelta(minutes=5), timedelta(minutes=7, seconds=13), timedelta(hours=1), timedelta(hours=24)]
)
@pytest.mark.parametrize(("provisioner", "data"), [("jwk", BY_DEFAULT), ("x5c", BY_CERTIFICATE)], ids=["JWK", "X5C"])
async def test_a_certificate_lasts_as_long_as_asked_to_the_second(
    signer: Signer, step_ca: StepCAServer, provisioner: str, data: dict[str, bytes], duration: timedelta
) -> None:
    signed = leaf_of(await signer.sign(order(issuer(step_ca, provisioner), data, duration=duration)))

    assert signed.not_valid_after_utc - signed.not_valid_before_utc == duration
    assert signed.not_valid_before_utc <= datetime.now(UTC)


async def test_a_provisioning_certificate_of_this_second_signs_at_once(signer: Signer, step_ca: StepCAServer) -> None:
    """step-ca signs nothing that would be valid before it."""
    purpose = [(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]
    new = pki.authority(
        "us",
        parent=X5C_ROOT,
        constraints=None,
        bits=["digital_signature"],
        extensions=purpose,
        begins=datetime.now(UTC),
    )
    data = {"tls.crt": new.pem, "tls.key": new.key_pem}

    signed = leaf_of(await signer.sign(order(issuer(step_ca, "x5c"), data)))

    assert signed.not_valid_before_utc == new.certificate.not_valid_before_utc
    assert signed.not_valid_after_utc - signed.not_valid_before_utc == timedelta(hours=1)


# Templates


async def test_the_default_template_decides_subject_and_usages(signer: Signer, step_ca: StepCAServer) -> None:
    csr = pki.csr(subject=x509.Name([*pki.name("app"), *organization("Team A")]), dns=["app.example.com"])

    signed = leaf_of(await signer.sign(order(issuer(step_ca), BY_DEFAULT, csr, usages=("signing", "code signing"))))

    assert signed.subject == pki.name("app")
    purposes = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


async def test_the_honouring_template_does_not(signer: Signer, step_ca: StepCAServer) -> None:
    csr = pki.csr(subject=x509.Name([*pki.name("app"), *organization("Team A")]), dns=["app.example.com"])
    spec = issuer(step_ca, "jwk-honouring")

    signed = leaf_of(await signer.sign(order(spec, BY_HONOURING, csr, usages=("signing", "code signing"))))

    assert signed.subject == x509.load_pem_x509_csr(csr).subject
    purposes = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(purposes) == {ExtendedKeyUsageOID.CODE_SIGNING}


def organization(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])


async def test_no_ca_certificate_by_the_default_template(signer: Signer, step_ca: StepCAServer) -> None:
    """It would make a leaf of it, which is not passed on."""
    asked = replace(order(issuer(step_ca), BY_DEFAULT, pki.csr(common_name="A CA")), is_ca=True)

    with pytest.raises(SigningError, match="isCA: asked True, got False"):
        await signer.sign(asked)


# Names of other kinds

PRINCIPAL = x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x03app")


async def test_no_other_names_by_the_default_template(signer: Signer, step_ca: StepCAServer) -> None:
    asked = order(issuer(step_ca), BY_DEFAULT, pki.csr(dns=["app.example.com"], others=[PRINCIPAL]))

    with pytest.raises(SigningError, match=r"otherName 1\.3\.6\.1\.4\.1\.311\.20\.2\.3 \(0c03617070\) is missing"):
        await signer.sign(asked)


async def test_its_policy_for_names_does_not_look_into_extensions(
    signer: Signer, step_ca_program: Path, tmp_path: Path
) -> None:
    """What adapters/signers/README.md warns of: beside an otherName it sees no DNS name either; alone, it does."""
    policy: dict[str, object] = {"x509": {"allow": {"dns": ["app.example.com"]}}}
    with StepCAServer(step_ca_program, tmp_path, policy).running() as ca:
        spec = issuer(ca, "jwk-honouring")
        leaf_of(await signer.sign(order(spec, BY_HONOURING, pki.csr(dns=["app.example.com"]))))
        refused = signer.sign(order(spec, BY_HONOURING, pki.csr(dns=["www.example.com"])))
        assert "its policy does not allow" in await refusal(refused, RequestRejected)

        beside = pki.csr(dns=["www.example.com"], others=[PRINCIPAL])
        leaf_of(await signer.sign(order(spec, BY_HONOURING, beside)))


# Restarts


async def test_the_same_order_may_be_asked_for_again(signer: Signer, step_ca: StepCAServer) -> None:
    """Each time with a token of its own, and many at once."""
    asked = order(issuer(step_ca), BY_DEFAULT)

    answers = await asyncio.gather(*(signer.sign(asked) for _ in range(20)))

    assert len({leaf_of(answer).serial_number for answer in answers}) == 20


async def test_the_ca_is_killed_and_comes_back(signer: Signer, step_ca_of_my_own: StepCAServer) -> None:
    ca = step_ca_of_my_own
    asked = order(issuer(ca), BY_DEFAULT)
    leaf_of(await signer.sign(asked))

    ca.kill()
    await refusal(signer.sign(asked), IssuerUnhealthy)  # on a connection whose end the loop may not have seen yet
    for asking in (signer.sign(asked), signer.check(asked.issuer, asked.credentials)):
        assert "cannot be reached (connection refused)" in await refusal(asking, IssuerUnhealthy)

    ca.start()
    await signer.check(asked.issuer, asked.credentials)
    leaf_of(await signer.sign(asked))


async def test_the_ca_is_killed_in_the_middle(signer: Signer, step_ca_of_my_own: StepCAServer) -> None:
    """Whatever each of many requests meets, it is signed or IssuerUnhealthy."""
    ca = step_ca_of_my_own
    asked = order(issuer(ca), BY_DEFAULT)
    leaf_of(await signer.sign(asked))

    asking = [asyncio.create_task(signer.sign(asked)) for _ in range(100)]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    ca.kill()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)

    kinds = {type(outcome) for outcome in outcomes}
    assert kinds == {Issued, IssuerUnhealthy}


# When the CA expires


async def test_the_check_says_when_the_first_of_root_and_issuing_ca_expires(
    signer: Signer, step_ca: StepCAServer
) -> None:
    spec, credentials = issuer(step_ca), secret(BY_DEFAULT)
    assert ISSUING.certificate.not_valid_after_utc < ROOT.certificate.not_valid_after_utc

    assert (await signer.check(spec, credentials)).expires == ISSUING.certificate.not_valid_after_utc
    await signer.sign(order(spec, BY_DEFAULT))
    assert (await signer.check(spec, credentials)).expires == ISSUING.certificate.not_valid_after_utc


async def test_no_certificate_outlives_the_ca_that_a_check_has_seen(signer: Signer, step_ca: StepCAServer) -> None:
    """step-ca's own limits are those of the provisioner; it would sign beyond its end."""
    spec = issuer(step_ca, "jwk-honouring")
    await signer.check(spec, secret(BY_HONOURING))

    signed = leaf_of(await signer.sign(order(spec, BY_HONOURING, duration=timedelta(days=310))))

    assert signed.not_valid_after_utc == ISSUING.certificate.not_valid_after_utc
