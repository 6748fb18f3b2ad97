"""StepCA's own part: its spec and Secret, and its tokens; the real step-ca is in tests/integration/step_ca."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from jwt.algorithms import RSAAlgorithm

from adapters.signers.http.pool import ClientPool
from adapters.signers.step_ca.signer import StepCA
from domain.errors import IssuerFailed, RequestRejected
from tests.contracts.clock import StoppedClock
from tests.integration.step_ca.provisioner import PASSWORD, encrypt
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import US, refusal
from tests.unit.adapters.signers.lying import ROOT
from tests.unit.adapters.signers.step_ca.asking import DATA, KEY, Answers, issuer, order, pem, secret

# A spec or Secret that cannot work


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "must hold jwk and password for a JWK provisioner, or tls.crt and tls.key for an X5C provisioner, but"),
        ({"jwk": b"x"}, "but holds jwk; add what is missing"),
        ({"password": b"x"}, "but holds password; add what is missing"),
        ({"tls.key": US.key_pem}, "but holds tls.key; add what is missing"),
        (DATA | {"tls.crt": US.pem, "tls.key": US.key_pem}, "but holds jwk, password, tls.crt, tls.key; add what"),
        (DATA | {"jwk": json.dumps(KEY.private).encode()}, "jwk is no encrypted JWK"),
        ({"jwk": b"", "password": b"x"}, "but holds password"),
        ({"tls.crt": US.pem, "tls.key": https.ROOT.key_pem}, "tls.key is not the key of the first certificate"),
        ({"ca.crt": b"garbage"} | DATA, "ca.crt holds no PEM block"),
    ],
)
async def test_a_secret_that_cannot_work(
    signer: StepCA, server: https.Server, data: dict[str, bytes], told: str
) -> None:
    for asking in (signer.check(issuer(server), secret(data)), signer.sign(order(server, credentials=secret(data)))):
        said = await refusal(asking, IssuerFailed)
        assert said.startswith("Secret team-a/my-ca")
        assert told in said
    assert server.seen == []


SECP256K1 = {
    "kty": "EC",
    "crv": "secp256k1",
    "kid": "kid",
    "x": "h2knfoEV6ffqDnTY-e3rpF8xnRw0Ck2ivTNMMMEDU1g",
    "y": "T1iFsApJX-16jfiee3sV-0KcIJwNRE3P8yw1HVaL-08",
    "d": "MTPpakYJg5_rFp7wT3u-VqfJXmzLz5fvJXxgCFcWZWc",
}
RSA = json.loads(RSAAlgorithm.to_jwk(pki.rsa_key())) | {"kid": "kid"}
NO_KEYS = {
    "a public key": KEY.public,
    "no kid": {name: value for name, value in KEY.private.items() if name != "kid"},
    "a secret": {"kty": "oct", "kid": "kid", "k": "AAAA"},
    "a list": [],
    "a key on a curve that few know": SECP256K1,
    "half a key": KEY.private | {"d": "AAAA"},
    "an RSA key without its primes": {name: RSA[name] for name in ("kty", "kid", "n", "e", "d")},
}


def encrypted(content: object) -> dict[str, bytes]:
    jwk = encrypt(json.dumps(content).encode(), PASSWORD.encode(), iterations=1000)
    return {"jwk": jwk.encode(), "password": PASSWORD.encode()}


@pytest.mark.parametrize("content", NO_KEYS.values(), ids=NO_KEYS)
async def test_an_encrypted_something(signer: StepCA, server: https.Server, content: object) -> None:
    told = await refusal(signer.check(issuer(server), secret(encrypted(content))), IssuerFailed)

    assert told.startswith("Secret team-a/my-ca: jwk holds ")


async def test_an_rsa_key(signer: StepCA, server: https.Server, answers: Answers) -> None:
    answers["/provisioners"] = (200, {"provisioners": [{"type": "JWK", "name": "us", "key": {"kid": "kid"}}]})

    await signer.check(issuer(server), secret(encrypted(RSA)))


async def test_an_rsa_key_that_takes_long_to_check(signer: StepCA, server: https.Server) -> None:
    padded = RSA | {"p": RSA["p"].rjust(351, "A")}  # with zeros in front it is the same number

    told = await refusal(signer.check(issuer(server), secret(encrypted(padded))), IssuerFailed)

    assert "p and q where it is RSA, of 4096 bits at most" in told


async def test_a_newline_at_the_end_is_not_the_passwords(signer: StepCA, server: https.Server) -> None:
    await signer.check(issuer(server), secret({name: value + b"\n" for name, value in DATA.items()}))


# What it is told


async def test_the_token_is_for_this_order_alone(signer: StepCA, server: https.Server, answers: Answers) -> None:
    answers["/1.0/sign"] = (403, {})
    csr = pki.csr(common_name="app", dns=["b.example.com", "a.example.com"], ips=["192.0.2.1"])
    asked = order(server, csr=csr, usages=("signing", "code signing"))
    for _ in range(2):
        await refusal(signer.sign(asked), RequestRejected)

    tokens = []
    for seen in server.seen[-2:]:
        body = json.loads(seen.body)
        assert body["csr"] == csr.decode()
        tokens.append(jwt.decode(body["ott"], jwt.PyJWK(KEY.public), audience=f"{server.url}/1.0/sign"))
        assert jwt.get_unverified_header(body["ott"]) == {"alg": "ES256", "typ": "JWT", "kid": "kid"}
    first, second = tokens
    assert (first["iss"], first["sub"]) == ("us", "app")
    assert first["sans"] == ["b.example.com", "a.example.com", "192.0.2.1"]
    assert first["exp"] - first["iat"] <= 300
    assert first["cnf"]["x5rt#S256"]
    assert first["request"] == {
        "keyUsage": ["digital_signature"],
        "extKeyUsage": ["1.3.6.1.5.5.7.3.3"],
        "sans": [
            {"type": "dns", "value": "b.example.com"},
            {"type": "dns", "value": "a.example.com"},
            {"type": "ip", "value": "192.0.2.1"},
        ],
        "basicConstraints": {"isCA": False, "maxPathLen": -1},
        "extensions": [],
    }
    assert first["jti"] != second["jti"]


HOUR, NOW = timedelta(hours=1), datetime.now(UTC).replace(microsecond=1)
X5C_BY_US = {"tls.crt": US.pem, "tls.key": US.key_pem}
JUST_MADE = pki.authority("us", parent=https.CLIENTS, constraints=None, begins=NOW - timedelta(seconds=10))
ENDING = pki.authority("Ending CA", parent=ROOT, lasts=timedelta(days=2))
ENDED = pki.authority("Ended CA", parent=ROOT, lasts=timedelta(minutes=1))


@pytest.mark.parametrize(
    ("duration", "backdated"),
    [(HOUR, timedelta(minutes=5)), (timedelta(days=90), timedelta(minutes=5)), (timedelta(minutes=6), HOUR / 120)],
)
@pytest.mark.parametrize("data", [DATA, X5C_BY_US], ids=["JWK", "X5C"])
async def test_the_validity_is_asked_for_to_the_second(
    server: https.Server, answers: Answers, data: dict[str, bytes], duration: timedelta, backdated: timedelta
) -> None:
    begin, end = await validity_asked(server, answers, data, duration)

    assert end - begin == duration
    assert timedelta(0) <= begin - (NOW - backdated) < timedelta(seconds=1)


async def test_no_certificate_begins_before_the_one_that_asks_for_it(server: https.Server, answers: Answers) -> None:
    """step-ca's X5C provisioners refuse it."""
    data = {"tls.crt": JUST_MADE.pem, "tls.key": JUST_MADE.key_pem}

    begin, end = await validity_asked(server, answers, data, HOUR)

    assert begin == JUST_MADE.certificate.not_valid_before_utc
    assert end - begin == HOUR


@pytest.mark.parametrize(
    ("crts", "bounded"),
    [(pem(ENDING), True), (pem(ENDED), False), ([], False), (["garbage"], False)],
    ids=["ends first", "has ended", "none", "garbage"],
)
async def test_nothing_is_asked_for_that_outlives_the_ca(
    signer: StepCA, server: https.Server, answers: Answers, crts: list[str], bounded: bool
) -> None:
    """An expired one is not the request's mistake, and a step-ca that tells of none has no end that is known."""
    answers["/intermediates"], answers["/1.0/sign"] = (201, {"crts": crts}), (403, {})
    await signer.check(issuer(server), secret())
    await refusal(signer.sign(order(server, duration=timedelta(days=3))), RequestRejected)

    begin, end = last_validity(server)
    assert end == (ENDING.certificate.not_valid_after_utc if bounded else begin + timedelta(days=3))


async def test_without_a_duration_the_ca_decides(signer: StepCA, server: https.Server, answers: Answers) -> None:
    answers["/1.0/sign"] = (403, {})
    await refusal(signer.sign(order(server, duration=None)), RequestRejected)

    assert json.loads(server.seen[-1].body).keys() == {"csr", "ott"}


async def validity_asked(
    server: https.Server, answers: Answers, data: dict[str, bytes], duration: timedelta
) -> tuple[datetime, datetime]:
    """By a signer whose clock shows NOW."""
    answers["/1.0/sign"] = (403, {})
    clock = StoppedClock(NOW)
    clients = ClientPool(clock)
    signer = StepCA(clients, clock)
    await refusal(signer.sign(order(server, credentials=secret(data), duration=duration)), RequestRejected)
    await clients.close()
    return last_validity(server)


def last_validity(server: https.Server) -> tuple[datetime, datetime]:
    body = json.loads(server.seen[-1].body)
    begin, end = (datetime.strptime(body[name], "%Y-%m-%dT%H:%M:%S%z") for name in ("notBefore", "notAfter"))
    return begin, end


OTHER = x509.OtherName(x509.ObjectIdentifier("1.2.3"), b"\x0c\x01u")
LIMITS = x509.NameConstraints([x509.DNSName("example.com")], None)
WITH_OTHER = x509.SubjectAlternativeName([x509.DNSName("app.example.com"), OTHER])


@pytest.mark.parametrize(
    ("csr", "is_ca", "told"),
    [
        (pki.csr(others=[OTHER], dns=["app.example.com"]), False, [(WITH_OTHER, True)]),
        (pki.csr(others=[OTHER], dns=["app.example.com"], common_name="app"), False, [(WITH_OTHER, False)]),
        (pki.csr(common_name="A CA", extensions=[(LIMITS, True)]), True, [(LIMITS, True)]),
        (pki.csr(common_name="A CA", extensions=[(LIMITS, False)]), True, [(LIMITS, False)]),
        (pki.csr(common_name="A leaf", extensions=[(LIMITS, True)]), False, []),
        (pki.csr(extensions=[(x509.OCSPNoCheck(), False)]), False, []),
    ],
    ids=["unnamed", "named", "a CA", "a CA's not critical", "a leaf's constraints", "unknown"],
)
async def test_the_token_holds_the_extensions_that_templates_cannot_make(
    signer: StepCA,
    server: https.Server,
    answers: Answers,
    csr: bytes,
    is_ca: bool,
    told: list[tuple[x509.ExtensionType, bool]],
) -> None:
    token = await token_for(signer, server, answers, csr, is_ca=is_ca)

    assert token["request"]["extensions"] == [
        {
            "id": extension.oid.dotted_string,
            "critical": critical,
            "value": base64.b64encode(extension.public_bytes()).decode(),
        }
        for extension, critical in told
    ]
    assert set(token["sans"]) <= {"app.example.com"}, "an otherName is no text to compare"


@pytest.mark.parametrize(
    ("csr", "subject"),
    [
        (pki.csr(common_name="app"), "app"),
        (pki.csr(subject=x509.Name([*pki.name("first"), *pki.name("last")])), "last"),  # as Go has it
        (pki.csr(dns=["b.example.com", "a.example.com"]), "b.example.com"),
        (pki.csr(others=[OTHER]), "uid"),
    ],
)
async def test_a_token_always_has_a_subject(
    signer: StepCA, server: https.Server, answers: Answers, csr: bytes, subject: str
) -> None:
    assert (await token_for(signer, server, answers, csr))["sub"] == subject


async def token_for(
    signer: StepCA, server: https.Server, answers: Answers, csr: bytes, *, is_ca: bool = False
) -> dict[str, Any]:
    """What the CA is told about an order for this CSR."""
    answers["/1.0/sign"] = (403, {})
    await refusal(signer.sign(order(server, csr=csr, is_ca=is_ca)), RequestRejected)
    token = json.loads(server.seen[-1].body)["ott"]
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims
