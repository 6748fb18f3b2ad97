"""EST against a real TLS server: who gets in, and what its statuses mean."""

from __future__ import annotations

import base64
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from adapters.signers.http.pool import ClientPool
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import Issued, IssuerSpec, Pending
from tests.contracts.clock import StoppedClock
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import BASIC, BY_CERTIFICATE, PASSWORD, SECRET, refusal, secret
from tests.support.remote.est import ISSUING, ROOT, ESTServer, est
from tests.support.remote.est_spec import est_issuer
from tests.unit.adapters.signers.est.asking import BY_NAME, answering, der, order

# Who gets in


@pytest.mark.parametrize(
    ("data", "peer"),
    [([BY_NAME], ""), ([BY_CERTIFICATE], "us"), ([BY_NAME, BY_CERTIFICATE], "us")],
    ids=["by password", "by certificate", "by both"],
)
async def test_it_signs(signer: EST, server: ESTServer, data: list[dict[str, bytes]], peer: str) -> None:
    credentials = secret(*data)

    await signer.check(est_issuer(server), credentials)
    answer = await signer.sign(order(server, credentials))

    assert isinstance(answer, Issued)
    leaf, *above = x509.load_pem_x509_certificates(answer.chain)
    assert leaf.public_key() == pki.key().public_key()
    assert above == [ISSUING.certificate]
    assert answer.ca == ROOT.pem
    assert server.asked == ["cacerts", "simpleenroll"]
    assert {seen.peer for seen in server.http.seen} == {peer}


async def test_the_request_is_as_the_standard_has_it(signer: EST, server: ESTServer) -> None:
    asked = order(server)

    await signer.sign(asked)

    enrol = server.http.seen[-1]
    assert (enrol.method, enrol.path) == ("POST", "/.well-known/est/simpleenroll")
    assert enrol.headers["Content-Type"] == "application/pkcs10"
    assert enrol.headers["Content-Transfer-Encoding"] == "base64"
    assert enrol.headers["Authorization"] == f"Basic {BASIC}"
    assert max(map(len, enrol.body.split(b"\n"))) <= 76  # some servers read no longer line
    assert base64.b64decode(enrol.body) == der(asked)


async def test_who_requires_a_client_certificate(signer: EST, tmp_path: Path) -> None:
    async with est(tmp_path, require_client=True) as server:
        assert isinstance(await signer.sign(order(server, secret(BY_CERTIFICATE))), Issued)
        told = await refusal(signer.check(est_issuer(server), secret(BY_NAME)), IssuerUnhealthy)

    assert "it may want a client certificate" in told


async def test_a_newline_at_the_end_is_not_the_passwords(signer: EST, server: ESTServer) -> None:
    made_from_files = {name: value + b"\n" for name, value in BY_NAME.items()}

    assert isinstance(await signer.sign(order(server, secret(made_from_files))), Issued)


async def test_one_ca_of_several(signer: EST, tmp_path: Path) -> None:
    async with est(tmp_path, label="devices") as server:
        labelled = est_issuer(server, label="devices")
        await signer.check(labelled, secret(BY_NAME))
        assert isinstance(await signer.sign(replace(order(server), issuer=labelled)), Issued)

        told = await refusal(signer.check(est_issuer(server, label="others"), secret(BY_NAME)), IssuerUnhealthy)

    assert told == (
        "the EST server answers cacerts with HTTP 404: no EST or no such CA there; correct spec.url or spec.est.label"
    )


@pytest.mark.parametrize("status", [401, 403])
async def test_credentials_that_are_not_accepted(signer: EST, server: ESTServer, status: int) -> None:
    server.next = [answering(status, BASIC.encode())]

    told = await refusal(signer.sign(order(server)), IssuerUnhealthy)

    assert told == (
        f"the EST server answers simpleenroll with HTTP {status}: it does not accept username and password of "
        "Secret team-a/my-ca; correct them, or allow them there"
    )


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (f'Digest realm="{PASSWORD}", nonce="x", qop="auth"', "Digest"),
        ("Negotiate", "Negotiate"),
        ("Negotiate, NTLM", "NTLM or Negotiate"),
        (f"Bearer {PASSWORD}", "Bearer"),
    ],
)
async def test_authentication_that_is_not_supported_is_named(
    signer: EST, server: ESTServer, offered: str, told: str
) -> None:
    server.next = [answering(401, WWW_Authenticate=offered)] * 2
    both = order(server, secret(BY_NAME, BY_CERTIFICATE))

    said = f"the EST server answers simpleenroll with HTTP 401: it asks for HTTP {told} authentication, which is not "
    assert await refusal(signer.sign(order(server)), IssuerUnhealthy) == (
        f"{said}supported; allow Basic there, or store tls.crt and tls.key in Secret team-a/my-ca"
    )
    assert await refusal(signer.sign(both), IssuerUnhealthy) == (
        f"{said}supported; allow Basic there, or accept username, password, tls.crt and tls.key of Secret team-a/my-ca"
    )


@pytest.mark.parametrize("offered", ['Digest realm="a", Basic realm="b"', PASSWORD, ""])
async def test_a_401_that_offers_basic_or_nothing_known_is_about_the_credentials(
    signer: EST, server: ESTServer, offered: str
) -> None:
    server.next = [answering(401, WWW_Authenticate=offered)]

    assert "does not accept username and password of" in await refusal(signer.sign(order(server)), IssuerUnhealthy)


async def test_a_wrong_password(signer: EST, server: ESTServer) -> None:
    wrong = secret({"username": b"us", "password": b"guessed"})

    assert "username and password" in await refusal(signer.sign(order(server, wrong)), IssuerUnhealthy)


async def test_a_client_certificate_of_another_ca(signer: EST, server: ESTServer) -> None:
    stranger = https.client_certificate("us", pki.authority("Stranger"))
    wrong = secret({"tls.crt": stranger.pem, "tls.key": stranger.key_pem})

    await refusal(signer.sign(order(server, wrong)), IssuerUnhealthy)


async def test_a_server_of_another_ca(signer: EST, server: ESTServer) -> None:
    """The password is not sent to it."""
    wrong = secret(BY_NAME, {"ca.crt": pki.authority("Stranger").pem})

    told = await refusal(signer.sign(order(server, wrong)), IssuerUnhealthy)

    assert "no certificate in ca.crt of Secret team-a/my-ca issued it" in told
    assert server.http.seen == []


# What its answers mean


@pytest.mark.parametrize(
    ("headers", "poll_after"),
    [
        ({"Retry_After": "300"}, timedelta(seconds=300)),
        ({"Retry_After": "0"}, timedelta(seconds=1)),
        ({"Retry_After": "99999999"}, timedelta(days=1)),
        ({"Retry_After": "tomorrow"}, timedelta(minutes=1)),
        ({}, timedelta(minutes=1)),
    ],
)
async def test_pending_and_then_the_same_again(
    signer: EST, clients: ClientPool, server: ESTServer, headers: dict[str, str], poll_after: timedelta
) -> None:
    server.next = [answering(202, PASSWORD.encode(), **headers)]
    asked = order(server)

    waiting = await signer.sign(asked)
    issued = await EST(clients, StoppedClock()).sign(asked)  # as after a restart: nothing needs to be remembered

    assert waiting == Pending("the EST server has taken the request and will answer later (HTTP 202)", poll_after)
    assert isinstance(issued, Issued)
    first, second = (seen for seen in server.http.seen if seen.path.endswith("simpleenroll"))
    assert (first.path, first.body) == (second.path, second.body)


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (400, RequestRejected, "it refuses spec.request; see its log for what it wants"),
        (404, IssuerUnhealthy, "no EST or no such CA there"),
        (204, SigningError, "answers simpleenroll with HTTP 204; see its log"),
        (409, SigningError, "answers simpleenroll with HTTP 409; see its log"),
        (500, SigningError, "answers simpleenroll with HTTP 500; see its log"),
        (503, IssuerUnhealthy, "does not serve just now (HTTP 503)"),
        (429, IssuerUnhealthy, "too many requests (HTTP 429)"),
        (302, IssuerUnhealthy, "redirects (HTTP 302), which is not followed"),
    ],
)
async def test_a_status(
    signer: EST, server: ESTServer, caplog: pytest.LogCaptureFixture, status: int, kind: type[Exception], told: str
) -> None:
    """Each comes with the credentials echoed, as a debugging server does."""
    caplog.set_level(logging.DEBUG)
    echo = f"Authorization: Basic {BASIC} {PASSWORD}"
    refusing = answering(status, b"" if status == 204 else echo.encode(), Location=f"https://localhost/{PASSWORD}")
    server.next = [refusing] * (2 if status == 400 else 1)

    assert told in await refusal(signer.sign(order(server)), kind)
    assert PASSWORD not in caplog.text
    assert BASIC not in caplog.text


async def test_a_server_that_reads_one_line_alone(signer: EST, server: ESTServer) -> None:
    server.next = [answering(400, b"no base64")]
    asked = order(server)

    assert isinstance(await signer.sign(asked), Issued)

    lines, line = (seen.body for seen in server.http.seen if seen.path.endswith("simpleenroll"))
    assert lines.count(b"\n") > 1
    assert b"\n" not in line
    assert base64.b64decode(lines) == base64.b64decode(line) == der(asked)


async def test_who_refuses_both_ways_of_writing_is_not_asked_a_third_time(signer: EST, server: ESTServer) -> None:
    server.next = [answering(400)] * 2

    await refusal(signer.sign(order(server)), RequestRejected)

    assert server.asked == ["cacerts", "simpleenroll", "simpleenroll"]


@pytest.mark.parametrize("status", [400, 500])
async def test_without_the_cas_certificates_nobody_is_served(clients: ClientPool, tmp_path: Path, status: int) -> None:
    async with https.serving(tmp_path, answering(status)) as broken:
        spec = IssuerSpec(broken.url, SECRET, "est", ESTSpec())
        told = await refusal(EST(clients, StoppedClock()).check(spec, secret(BY_NAME)), IssuerUnhealthy)

    assert told == f"the EST server answers cacerts with HTTP {status}; see its log"


async def test_a_bad_csr_goes_nowhere(signer: EST, server: ESTServer) -> None:
    told = await refusal(signer.sign(order(server, csr=b"garbage")), RequestRejected)

    assert told.startswith("spec.request: ")
    assert server.http.seen == []
