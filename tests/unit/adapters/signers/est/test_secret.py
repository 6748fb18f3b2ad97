"""Specs and Secrets with which EST can never work."""

from __future__ import annotations

import pytest

from adapters.signers.est import server as est_server
from adapters.signers.est.server import ESTSpec
from adapters.signers.est.signer import EST
from domain.errors import IssuerFailed
from domain.model import IssuerSpec
from tests.support.remote.asking import BASIC, BY_CERTIFICATE, PASSWORD, SECRET, US, refusal, secret
from tests.support.remote.est import ESTServer
from tests.support.remote.est_spec import est_issuer
from tests.unit.adapters.signers.est.asking import BY_NAME, order


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "Secret team-a/my-ca has neither username and password nor tls.crt and tls.key"),
        ({"username": b"us"}, "Secret team-a/my-ca has username but no password; add it, or remove username"),
        ({"password": PASSWORD.encode()}, "Secret team-a/my-ca has password but no username"),
        ({"username": b"us", "password": b""}, "has username but no password"),
        (BY_NAME | {"tls.key": US.key_pem}, "Secret team-a/my-ca has tls.key but no tls.crt"),
        ({"tls.crt": US.pem}, "Secret team-a/my-ca has tls.crt but no tls.key"),
        (BY_NAME | {"username": b"u:s"}, "username holds a colon"),
        ({"tls.crt": US.pem, "tls.key": US.key_pem.ljust(100_001)}, "tls.key has 100,001 bytes, more than the 100,000"),
        (BY_NAME | {"ca.crt": b"garbage"}, "Secret team-a/my-ca: ca.crt holds no PEM block"),
    ],
)
async def test_a_secret_that_cannot_work(signer: EST, server: ESTServer, data: dict[str, bytes], told: str) -> None:
    for asking in (signer.check(est_issuer(server), secret(data)), signer.sign(order(server, secret(data)))):
        assert told in await refusal(asking, IssuerFailed)
    assert server.http.seen == []


@pytest.mark.parametrize("label", ["/", "a/b", "..", ".", "a b", "ä", "cacerts", "?a", "x" * 101])
async def test_a_label_that_is_none(signer: EST, server: ESTServer, label: str) -> None:
    told = await refusal(signer.check(est_issuer(server, label=label), secret(BY_NAME)), IssuerFailed)

    assert told.startswith("spec.est.label: must be one path segment")


async def test_a_path_in_the_url(signer: EST, server: ESTServer) -> None:
    spec = IssuerSpec(f"{server.url}/.well-known/est/devices", SECRET, "est", ESTSpec())

    told = await refusal(signer.check(spec, secret(BY_NAME)), IssuerFailed)

    assert told.startswith("spec.url: holds a path")
    assert "spec.est.label" in told


def test_what_is_read_of_a_secret_does_not_show_it() -> None:
    found = est_server.server(
        IssuerSpec("https://est.example.com", SECRET, "est", ESTSpec()), secret(BY_NAME, BY_CERTIFICATE)
    )

    assert found.authorization == {"Authorization": f"Basic {BASIC}"}
    assert BASIC not in repr(found)
    assert PASSWORD not in repr(found)
