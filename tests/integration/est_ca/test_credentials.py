"""Who gets in at est-ca, and what the others are told."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from domain.errors import IssuerUnhealthy
from domain.model import Issued
from domain.ports import Signer
from tests.integration.est_ca.asking import BY_NAME, order
from tests.integration.est_ca.server import ESTCAServer
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import BY_CERTIFICATE, refusal, secret
from tests.support.remote.est_spec import est_issuer


async def test_a_wrong_password(signer: Signer, est_ca: ESTCAServer, caplog: pytest.LogCaptureFixture) -> None:
    """est-ca's own words hold the password that was tried; the check cannot know."""
    caplog.set_level(logging.DEBUG)
    wrong = BY_NAME | {"password": b"guessed-3f5c"}

    await signer.check(est_issuer(est_ca), secret(wrong))
    told = await refusal(signer.sign(order(est_ca, data=wrong)), IssuerUnhealthy)

    assert told == (
        "the EST server answers simpleenroll with HTTP 403: it does not accept username and password of "
        "Secret team-a/my-ca; correct them, or allow them there"
    )
    assert "guessed" not in caplog.text


async def test_no_password(signer: Signer, est_ca: ESTCAServer) -> None:
    """A certificate alone is nothing to est-ca, which does not ask for one here."""
    told = await refusal(signer.sign(order(est_ca, data=BY_CERTIFICATE)), IssuerUnhealthy)

    assert told == (
        "the EST server answers simpleenroll with HTTP 401: it does not accept tls.crt and tls.key of "
        "Secret team-a/my-ca; correct them, or allow them there"
    )


async def test_no_client_certificate_where_one_is_wanted(signer: Signer, strict_est_ca: ESTCAServer) -> None:
    for asking in (
        signer.check(est_issuer(strict_est_ca), secret(BY_NAME)),
        signer.sign(order(strict_est_ca)),
    ):
        assert "broke the connection off" in await refusal(asking, IssuerUnhealthy)


async def test_a_client_certificate_of_another_ca(signer: Signer, strict_est_ca: ESTCAServer) -> None:
    stranger = https.client_certificate("us", pki.authority("Stranger"))
    wrong = BY_NAME | {"tls.crt": stranger.pem, "tls.key": stranger.key_pem}

    told = await refusal(signer.sign(order(strict_est_ca, data=wrong)), IssuerUnhealthy)

    assert "broke the connection off" in told


async def test_certificate_and_password(signer: Signer, strict_est_ca: ESTCAServer) -> None:
    both = BY_NAME | BY_CERTIFICATE

    await signer.check(est_issuer(strict_est_ca), secret(both))

    assert isinstance(await signer.sign(order(strict_est_ca, data=both)), Issued)


async def test_a_label_that_it_does_not_know(signer: Signer, est_ca: ESTCAServer) -> None:
    labelled = est_issuer(est_ca, label="devices")

    for asking in (
        signer.check(labelled, secret(BY_NAME)),
        signer.sign(replace(order(est_ca), issuer=labelled)),
    ):
        told = await refusal(asking, IssuerUnhealthy)
        assert told == (
            "the EST server answers cacerts with HTTP 404: no EST or no such CA there; "
            "correct spec.url or spec.est.label"
        )


async def test_a_server_that_is_not_trusted(signer: Signer, est_ca: ESTCAServer) -> None:
    wrong = BY_NAME | {"ca.crt": pki.authority("Stranger").pem}

    told = await refusal(signer.sign(order(est_ca, data=wrong)), IssuerUnhealthy)

    assert "shows a certificate that is not trusted" in told
