"""The signer that the tutorial shows, asking a real CFSSL: what users read where something is wrong."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.clock import SystemClock
from adapters.signers.http.pool import ClientPool
from domain.errors import IssuerFailed, IssuerUnhealthy, RequestRejected, SigningError
from domain.model import Credentials, IssuerSpec, ObjectKey, SignRequest
from domain.ports import Signer
from tests.integration.tutorial.server import AUTH_KEY, ROOT, CFSSLServer
from tests.support import pki, readme
from tests.support.tutorial.steps import WriteFile, steps

SHOWN = "adapters/signers/cfssl/signer.py"
MODULE = "signer_of_the_tutorial"
KEY = Credentials({"auth-key": AUTH_KEY.encode()})
WRONG_KEY = Credentials({"auth-key": b"00" * 16})


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    written = steps(readme.text("adapters/signers/TUTORIAL.md"))
    [content] = [step.content for step in written if isinstance(step, WriteFile) and step.path == SHOWN]
    (tmp_path / f"{MODULE}.py").write_text(content)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module(MODULE)
    del sys.modules[MODULE]


@pytest.fixture
def signer(module: Any, clients: ClientPool) -> Signer:
    signer: Signer = module.Cfssl(clients, SystemClock())
    return signer


@pytest.fixture
def issuer(module: Any, cfssl: CFSSLServer) -> IssuerSpec:
    options = module.CfsslSpec(profile="server")
    return IssuerSpec(cfssl.url, ObjectKey("Secret", "default", "acme-key"), "cfssl", options)


def order(issuer: IssuerSpec, csr: bytes) -> SignRequest:
    return SignRequest("uid", csr, (), False, None, issuer, KEY)


async def test_check_says_when_the_ca_expires(signer: Signer, issuer: IssuerSpec) -> None:
    assert (await signer.check(issuer, KEY)).expires == ROOT.certificate.not_valid_after_utc


async def test_a_wrong_key_is_the_administrators_to_correct(signer: Signer, issuer: IssuerSpec) -> None:
    with pytest.raises(IssuerUnhealthy, match=r"auth-key of Secret default/acme-key"):
        await signer.check(issuer, WRONG_KEY)


async def test_a_profile_that_is_not_there_is_found_by_check(signer: Signer, issuer: IssuerSpec, module: Any) -> None:
    with pytest.raises(IssuerUnhealthy, match="is not the key of spec's profile"):
        await signer.check(replace(issuer, options=module.CfsslSpec(profile="sever")), KEY)


@pytest.mark.parametrize("data", [{}, {"auth-key": b"no hexadecimal digits"}, {"auth-key": b"\xff"}])
async def test_without_a_key_the_issuer_fails(signer: Signer, issuer: IssuerSpec, data: dict[str, bytes]) -> None:
    with pytest.raises(IssuerFailed, match="auth-key is missing, or not hexadecimal"):
        await signer.check(issuer, Credentials(data))


async def test_a_url_below_which_no_cfssl_is(signer: Signer, issuer: IssuerSpec) -> None:
    with pytest.raises(IssuerUnhealthy, match=r"HTTP 404: no CFSSL signs there; correct spec\.url"):
        await signer.check(replace(issuer, url=f"{issuer.url}/elsewhere"), KEY)


async def test_a_csr_that_cfssl_cannot_read_is_rejected(signer: Signer, issuer: IssuerSpec) -> None:
    with pytest.raises(RequestRejected, match=r"cannot read spec\.request"):
        await signer.sign(order(issuer, pki.armor(b"nothing")))


async def test_a_shorter_duration_is_rejected_before_it_is_signed(signer: Signer, issuer: IssuerSpec) -> None:
    with pytest.raises(RequestRejected, match=r"^spec\.duration: the profile of CFSSL issues for 720h$"):
        await signer.sign(replace(order(issuer, pki.csr()), duration=timedelta(hours=1)))


@pytest.mark.parametrize("result", [None, [], {}, {"certificate": 1}, {"certificate": "x", "expiry": 1}])
def test_an_answer_that_is_not_one_of_cfssl(module: Any, result: object) -> None:
    with pytest.raises(SigningError, match="is not one of CFSSL"):
        module._read(result)


@pytest.mark.parametrize("answer", [b"", b"[]", b"{}", b'{"errors": 1}', b'{"errors": [1]}', b"[" * 100_000])
def test_an_answer_that_cannot_be_read(module: Any, answer: bytes) -> None:
    assert module._parse(answer) == (0, "", None)
