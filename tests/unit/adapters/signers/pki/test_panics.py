"""A panic of cryptography's Rust costs one request, or one check, and nothing else.

None is known of; one is played here, as pyo3 raises it: by a class that no `except Exception` catches.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest
from cryptography import x509

from adapters.signers.pki import csr as csrs
from adapters.signers.pki.parsing import Panicked
from adapters.signers.verify import VerifyingSigner
from domain.errors import RequestRejected
from domain.model import CheckResult, Credentials, Issued, IssuerSpec
from tests.unit.adapters.signers.lying import CLOCK, LOWER, ORDER, REQUEST, Scripted, honest, pem
from tests.unit.adapters.signers.orders import ISSUER

PanicException = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})


def broken(*_: object) -> NoReturn:
    raise PanicException("called `Option::unwrap()` on a `None` value: canary-2a9c")


def test_a_request_that_panics_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x509, "load_der_x509_csr", broken)

    with pytest.raises(RequestRejected, match=r"^spec\.request: cryptography broke on") as refusal:
        csrs.read(REQUEST)

    assert "canary" not in str(refusal.value)


async def test_an_answer_that_panics_is_an_error_like_others(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Issued(pem(await honest(), LOWER))
    monkeypatch.setattr(x509, "load_der_x509_certificate", broken)

    with pytest.raises(Panicked, match="cryptography broke on"):
        await VerifyingSigner(Scripted(answer), CLOCK).sign(ORDER)


async def test_a_check_that_panics_is_an_error_like_others() -> None:
    class Panicking(Scripted):
        async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
            await asyncio.to_thread(broken)

    with pytest.raises(Panicked, match="cryptography broke on"):
        await VerifyingSigner(Panicking(Issued(b"")), CLOCK).check(ISSUER, Credentials({}))


async def test_a_stop_is_no_panic() -> None:
    class Stopped(Scripted):
        async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await VerifyingSigner(Stopped(Issued(b"")), CLOCK).check(ISSUER, Credentials({}))
