"""StepCA against servers that are no step-ca, or one that means no good."""

from __future__ import annotations

import json
import logging

import pytest
from cryptography import x509

from adapters.signers.step_ca import jwe
from adapters.signers.step_ca.signer import StepCA
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import Issued
from tests.integration.step_ca.provisioner import PASSWORD
from tests.support import pki
from tests.support.remote import https
from tests.support.remote.asking import US, refusal
from tests.unit.adapters.signers.lying import LOWER, ROOT, STRANGER, honest
from tests.unit.adapters.signers.step_ca.asking import KEY, Answers, issuer, order, pem, secret

# What it answers


@pytest.mark.parametrize(
    ("status", "kind", "told"),
    [
        (400, RequestRejected, "it cannot make a certificate of spec.request"),
        (401, IssuerUnhealthy, "it accepts no token of provisioner 'us' by jwk and password of Secret team-a/my-ca"),
        (403, RequestRejected, "spec.stepCA.maxDuration"),
        (404, IssuerUnhealthy, "there is no step-ca; correct spec.url"),
        (409, SigningError, "answers /1.0/sign with HTTP 409; see its log"),
        (500, SigningError, "answers /1.0/sign with HTTP 500; see its log"),
        (503, IssuerUnhealthy, "does not serve just now (HTTP 503)"),
    ],
)
async def test_a_status(
    signer: StepCA,
    server: https.Server,
    answers: Answers,
    caplog: pytest.LogCaptureFixture,
    status: int,
    kind: type[Exception],
    told: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    answers["/1.0/sign"] = (status, {"message": PASSWORD})

    assert told in await refusal(signer.sign(order(server)), kind)
    assert PASSWORD not in caplog.text


NO_ANSWERS: dict[str, object] = {
    "nothing": b"",
    "HTML": b"<html>",
    "a list": [],
    "null": None,
    "no chain": {},
    "a chain that is null": {"certChain": None},
    "an empty chain": {"certChain": []},
    "a chain of numbers": {"certChain": [1, 2]},
    "garbage": {"certChain": [PASSWORD]},
    "a broken certificate": {"certChain": [pki.armor(b"garbage", "CERTIFICATE").decode()]},
    "a key": {"certChain": [US.key_pem.decode()]},
    "deep JSON": b"[" * 100_000,
    "no UTF-8": b'{"certChain": ["\xff\xfe"]}',
    "too many": {"certChain": pem(*(https.leaf(f"{number}", ROOT) for number in range(65)))},
}


@pytest.mark.parametrize("body", NO_ANSWERS.values(), ids=NO_ANSWERS)
async def test_garbage(signer: StepCA, server: https.Server, answers: Answers, body: object) -> None:
    answers["/1.0/sign"] = (201, body)

    told = await refusal(signer.sign(order(server)), SigningError)

    assert told == "the answer of step-ca to /1.0/sign is not what step-ca answers; see its log"


@pytest.mark.parametrize("path", ["/health", "/provisioners", "/roots"])
@pytest.mark.parametrize("body", [b"<html>", [], {}, None, {"provisioners": [1], "crts": [1], "status": "ill"}])
async def test_a_check_of_what_is_no_step_ca(
    signer: StepCA, server: https.Server, answers: Answers, path: str, body: object
) -> None:
    answers[path] = (200, body)

    told = await refusal(signer.check(issuer(server), secret()), IssuerUnhealthy)

    assert path in told


@pytest.mark.parametrize("path", ["/health", "/provisioners", "/roots"])
@pytest.mark.parametrize("status", [401, 404, 500])
async def test_a_check_that_is_refused(
    signer: StepCA, server: https.Server, answers: Answers, path: str, status: int
) -> None:
    answers[path] = (status, {"message": PASSWORD})

    told = await refusal(signer.check(issuer(server), secret()), IssuerUnhealthy)

    assert told == f"step-ca answers {path} with HTTP {status}; see that spec.url is a step-ca, and its log"


async def test_pages_without_end(signer: StepCA, server: https.Server, answers: Answers) -> None:
    answers["/provisioners"] = (200, {"provisioners": [], "nextCursor": "a/b?c=d&e"})

    told = await refusal(signer.check(issuer(server), secret()), IssuerUnhealthy)

    assert "has no provisioner 'us'" in told
    pages = [seen.query for seen in server.seen if seen.path == "/provisioners"]
    assert pages == ["", *["cursor=a/b?c%3Dd%26e"] * 99]


@pytest.mark.parametrize("key", [None, [], {}, {"kid": ["kid"]}, {"kid": "other"}])
async def test_a_provisioner_without_our_key(
    signer: StepCA, server: https.Server, answers: Answers, key: object
) -> None:
    answers["/provisioners"] = (200, {"provisioners": [{"type": "JWK", "name": "us", "key": key}]})

    assert "has another key than" in await refusal(signer.check(issuer(server), secret()), IssuerUnhealthy)


# What it hands out


async def test_a_certificate_for_another_key(signer: StepCA, server: https.Server, answers: Answers) -> None:
    answers["/1.0/sign"] = (201, {"certChain": pem(US, LOWER)})

    told = await refusal(signer.sign(order(server)), SigningError)

    assert told == "the answer of step-ca holds no certificate for the public key of spec.request; see its log"


@pytest.mark.parametrize(
    ("roots", "renewed", "ca"),
    [([ROOT], [], ROOT.pem), ([STRANGER, ROOT], [], ROOT.pem), ([STRANGER], [ROOT], ROOT.pem), ([STRANGER], [], b"")],
    ids=["its root", "several", "a new root", "another root"],
)
async def test_the_root(
    signer: StepCA,
    server: https.Server,
    answers: Answers,
    roots: list[pki.Authority],
    renewed: list[pki.Authority],
    ca: bytes,
) -> None:
    asked = order(server)
    upper = pki.authority("Upper CA", parent=ROOT)
    answers["/roots"] = (201, {"crts": pem(*roots)})
    answers["/1.0/sign"] = (201, {"certChain": pem(await honest(asked), upper, LOWER)})
    await signer.check(asked.issuer, asked.credentials)
    answers["/roots"] = (201, {"crts": pem(*(renewed or roots))})

    answer = await signer.sign(asked)

    assert isinstance(answer, Issued)
    assert (answer.ca or b"") == ca
    assert len(x509.load_pem_x509_certificates(answer.chain)) == 3


@pytest.mark.parametrize(
    ("roots", "warning"),
    [
        ([*pem(ROOT), pki.armor(b"garbage", "CERTIFICATE").decode()], "cannot be read: certificate 2: "),
        (pem(LOWER), "holds no root, without which status.ca may stay empty; add it there"),
    ],
    ids=["unreadable", "an intermediate"],
)
async def test_what_is_odd_about_the_roots_is_told(
    signer: StepCA, server: https.Server, answers: Answers, roots: list[str], warning: str
) -> None:
    answers["/roots"] = (201, {"crts": roots})

    [told] = (await signer.check(issuer(server), secret())).warnings

    assert told.startswith(f"the answer of step-ca to /roots {warning}")


async def test_an_intermediate_among_the_roots_is_not_delivered_as_one(
    signer: StepCA, server: https.Server, answers: Answers
) -> None:
    asked = order(server)
    answers["/roots"] = (201, {"crts": pem(LOWER)})
    answers["/1.0/sign"] = (201, {"certChain": pem(await honest(asked), LOWER)})

    answer = await signer.sign(asked)

    assert isinstance(answer, Issued)
    assert answer.ca is None


async def test_the_secret_is_opened_once_for_each_version(
    signer: StepCA, server: https.Server, answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = 0
    original = jwe.decrypt

    def count(encrypted: bytes, password: bytes) -> bytes:
        nonlocal opened
        opened += 1
        return original(encrypted, password)

    monkeypatch.setattr(jwe, "decrypt", count)
    for version in ("1", "1", "2"):
        await signer.check(issuer(server), secret(version=version))

    assert opened == 2


async def test_nothing_shows_the_credentials(
    signer: StepCA, server: https.Server, answers: Answers, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked = order(server)
    answers["/1.0/sign"] = (201, {"certChain": pem(await honest(asked))})

    await signer.sign(asked)

    [body] = [seen.body for seen in server.seen if seen.body]
    token = json.loads(body)["ott"]
    shown = f"{signer!r} {vars(signer)!r} {asked!r} {caplog.text}"
    for told in (PASSWORD, KEY.encrypted, KEY.private["d"], token):
        assert told not in shown
