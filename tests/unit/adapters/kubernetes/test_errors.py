"""Whatever goes wrong on the way to the API server becomes one of the domain's errors.

The code decides, in whatever form it is told; of a Status the message is kept, of any other body nothing. Where
the answer to a write is lost, the write may have happened.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest

from adapters.kubernetes.api import Api
from adapters.kubernetes.credentials import CredentialUnavailable
from adapters.kubernetes.errors import from_status
from adapters.kubernetes.schema import EVENTS, LEASES, SECRETS
from domain.errors import (
    AdmissionRefused,
    ClusterError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    Throttled,
    Transient,
    UnknownOutcome,
)
from tests.unit.adapters.kubernetes.wire import REQUESTS, Answer, Wire

CODES: dict[int, type[ClusterError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    405: Transient,
    408: Transient,
    409: Conflict,
    410: Gone,
    413: Transient,
    415: Transient,
    422: Invalid,
    429: Throttled,
    500: Transient,
    502: Transient,
    503: Transient,
    504: Transient,
}
JSON, TEXT = {"Content-Type": "application/json"}, {"Content-Type": "text/plain; charset=utf-8"}
STATUS = b'{"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "said so"}'
Headers = dict[str, str] | list[tuple[bytes, bytes]]
FORMS: dict[str, tuple[dict[str, str], bytes]] = {
    "text": (TEXT, b"Too many requests, please try again later."),
    "html": ({"Content-Type": "text/html"}, b"<html>"),
    "no content type": ({}, STATUS),
    "no body": ({}, b""),
    "charset": ({"Content-Type": "application/json; charset=utf-8"}, STATUS),
    "not json": (JSON, b"upstream connect error"),
    "an empty body": (JSON, b""),
    "a list": (JSON, b"[]"),
    "a text": (JSON, b'"text"'),
    "null": (JSON, b"null"),
    "no status": (JSON, b'{"message": {"code": 5}}'),
    "no message": (JSON, b"{}"),
    "no utf-8": (JSON, b'{"message": "\xff"}'),
}


async def _get(api: Api) -> Any:
    return await api.get(SECRETS, "default", "x")


async def _list(api: Api) -> Any:
    return await api.list_page(REQUESTS, limit=1, token=None, metadata_only=False)


async def _watch(api: Api) -> Any:
    async with api.watch(REQUESTS, resource_version="1", seconds=1, metadata_only=False) as chunks:
        return [chunk async for chunk in chunks]


async def _apply(api: Api) -> Any:
    return await api.apply_status(REQUESTS, "default", "x", "1", {})


async def _merge(api: Api) -> Any:
    return await api.merge(SECRETS, "default", "x", {})


async def _create(api: Api) -> Any:
    return await api.create(EVENTS, "default", {"metadata": {"name": "x"}})


async def _replace(api: Api) -> Any:
    return await api.replace(LEASES, "default", {"metadata": {"name": "x"}})


READS, WRITES = [_get, _list, _watch], [_apply, _merge, _create, _replace]
Call = Callable[[Api], Awaitable[Any]]


async def error_of(call: Call, answer: Answer) -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await call(Wire(answer).api)
    return caught.value


def responding(code: int, headers: Headers, body: bytes) -> Answer:
    return lambda _: httpx2.Response(code, headers=headers, content=body)


def raising(error: Exception) -> Answer:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise error

    return answer


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize(("code", "expected"), CODES.items())
async def test_a_status_is_told_in_its_own_words(call: Call, code: int, expected: type[ClusterError]) -> None:
    error = await error_of(call, responding(code, JSON, STATUS))
    told = "the API server does not accept the manager's credential (401): said so" if code == 401 else "said so"
    assert (type(error), str(error), error.retry_after) == (expected, told, None)


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize("form", FORMS)
async def test_in_any_other_form_the_code_alone_is_told(call: Call, form: str) -> None:
    headers, body = FORMS[form]
    for code in (403, 409, 410, 429, 500):
        error = await error_of(call, responding(code, headers, body))
        assert (type(error), str(error)) == (CODES[code], f"the API server answered {code}")


@pytest.mark.parametrize("call", [*READS, *WRITES])
@pytest.mark.parametrize("form", FORMS)
async def test_what_would_be_final_is_temporary_unless_the_api_server_says_it_in_a_status(
    call: Call, form: str
) -> None:
    headers, body = FORMS[form]
    for code in (400, 404, 422):
        error = await error_of(call, responding(code, headers, body))
        assert (type(error), str(error)) == (Transient, f"the API server answered {code}")


def a_status(message: str) -> bytes:
    return msgspec.json.encode({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message})


CSR = 'certificatesigningrequests.certificates.k8s.io "x"'
BY_ADMISSION = {
    "a webhook": 'admission webhook "a.example.com" denied the request: no thanks',
    "a webhook without a word": 'admission webhook "a.example.com" denied the request without explanation',
    "a webhook that is down": 'Internal error occurred: failed calling webhook "a.example.com": connection refused',
    "a policy": f"{CSR} is forbidden: ValidatingAdmissionPolicy 'a' with binding 'b' denied request: no",
    "a mutating policy": "policy 'a' with binding 'b' denied request: no",
    "a plugin": f'{CSR} is forbidden: user not permitted to sign requests with signerName "a/b"',
    "a policy, about a long name": CSR[:-2] + r"\u2028" * 200 + '" is forbidden: no',
    "a policy, about a hostile name": CSR[:-1] + r"\" is invalid: " + '" is forbidden: no',
}
NOT_BY_ADMISSION = {
    "RBAC": f'{CSR} is forbidden: User "a" cannot patch resource "certificatesigningrequests/status"',
    "validation": 'CertificateSigningRequest.certificates.k8s.io "x" is invalid: status.certificate: Invalid value',
    "validation, about a hostile name": CSR[:-1] + r"\" is forbidden: y" + '" is invalid: status.certificate',
    "a message that quotes": 'the name of the object (admission webhook "a") does not match the name on the URL (b)',
}


@pytest.mark.parametrize("message", BY_ADMISSION.values(), ids=BY_ADMISSION)
async def test_a_refusal_of_admission_is_told_by_its_words_whatever_its_code(message: str) -> None:
    for code in (400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503, 599):
        error = await error_of(_apply, responding(code, JSON, a_status(message)))
        assert (type(error), str(error)) == (AdmissionRefused, message[:500])


@pytest.mark.parametrize("message", NOT_BY_ADMISSION.values(), ids=NOT_BY_ADMISSION)
async def test_what_only_resembles_a_refusal_of_admission_is_told_by_its_code(message: str) -> None:
    for code in (400, 403, 422):
        error = await error_of(_apply, responding(code, JSON, a_status(message)))
        assert type(error) is CODES[code]


async def test_what_a_webhook_says_is_kept_in_one_line_and_short() -> None:
    said = 'admission webhook "a" denied the request: ' + "\n\x1b[31m\u2028" * 1000
    error = await error_of(_apply, responding(403, JSON, a_status(said)))
    assert str(error).startswith('admission webhook "a" denied the request: \\n\\x1b[31m\\u2028\\n')
    assert str(error).isprintable()
    assert len(str(error)) == 500


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("1", 1),
        ("0", 0),
        ("120", 120),
        ("9" * 20, 3600),
        ("9" * 400, 3600),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u00b2", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
@pytest.mark.parametrize("call", [_get, _watch, _apply])
async def test_the_time_to_come_back_is_that_of_the_header(call: Call, told: str | None, seconds: int | None) -> None:
    headers = [(name.encode(), value.encode()) for name, value in TEXT.items()]
    headers += [] if told is None else [(b"Retry-After", told.encode("latin-1"))]
    error = await error_of(call, responding(429, headers, b"Too many requests"))
    assert isinstance(error, Throttled)
    assert error.retry_after == (None if seconds is None else timedelta(seconds=seconds))


TROUBLES: list[tuple[Exception, type[ClusterError]]] = [
    (httpx2.ConnectError("x"), Transient),
    (httpx2.ConnectTimeout("x"), Transient),
    (httpx2.PoolTimeout("x"), Transient),
    (httpx2.WriteError("x"), Transient),
    (httpx2.WriteTimeout("x"), Transient),
    (httpx2.ProxyError("x"), Transient),
    (httpx2.UnsupportedProtocol("x"), Transient),
    (httpx2.LocalProtocolError("x"), Transient),
    (httpx2.TooManyRedirects("x"), Transient),
    (httpx2.StreamError("x"), Transient),
    (CredentialUnavailable("x"), Transient),
    (RecursionError("x"), UnknownOutcome),
    (KeyError("Content-Type"), Transient),
    (ValueError("x"), Transient),
    (FileNotFoundError("x"), Transient),
    (ssl.SSLError("x"), Transient),
    (httpx2.ReadError("x"), UnknownOutcome),
    (httpx2.ReadTimeout("x"), UnknownOutcome),
    (httpx2.RemoteProtocolError("x"), UnknownOutcome),
    (httpx2.DecodingError("x"), UnknownOutcome),
    (msgspec.ValidationError("x"), UnknownOutcome),
    (msgspec.DecodeError("x"), UnknownOutcome),
    (TimeoutError("x"), UnknownOutcome),
]


@pytest.mark.parametrize(
    ("trouble", "when_writing"), TROUBLES, ids=lambda value: getattr(value, "__name__", repr(value))
)
async def test_a_failure_on_the_way_is_transient_unless_a_write_may_have_happened(
    trouble: Exception, when_writing: type[ClusterError]
) -> None:
    for call in READS:
        assert type(await error_of(call, raising(trouble))) is Transient
    for call in WRITES:
        assert type(await error_of(call, raising(trouble))) is when_writing


UNREADABLE = [b"", b"no json", b"[]", b'{"metadata": 5}', b'{"metadata": {"name": "\xff"}}']


@pytest.mark.parametrize("body", UNREADABLE, ids=repr)
async def test_an_answer_that_cannot_be_read_leaves_the_outcome_of_a_write_open(body: bytes) -> None:
    answer = responding(200, JSON, body)
    assert type(await error_of(_get, answer)) is Transient
    assert type(await error_of(_apply, answer)) is UnknownOutcome


async def test_a_body_that_does_not_unpack_leaves_the_outcome_of_a_write_open() -> None:
    headers = JSON | {"Content-Encoding": "gzip"}

    async def no_gzip() -> Any:
        yield b"no gzip"

    for call, expected in ((_get, Transient), (_apply, UnknownOutcome)):
        error = await error_of(call, lambda _: httpx2.Response(200, headers=headers, content=no_gzip()))
        assert type(error) is expected


async def test_a_call_has_a_deadline_for_the_whole_of_it() -> None:
    async def never(_: httpx2.Request) -> httpx2.Response:
        await asyncio.Event().wait()
        raise AssertionError

    api = Api(Wire(never).client, "tester", deadline=timedelta(milliseconds=1))
    for call, expected in ((_get, Transient), (_list, Transient), *((call, UnknownOutcome) for call in WRITES)):
        with pytest.raises(ClusterError) as caught:
            await call(api)
        assert type(caught.value) is expected


async def test_an_unreadable_answer_after_a_conflict_is_not_taken_for_another_conflict() -> None:
    unreadable = responding(200, JSON, b"[]")
    try:
        raise await error_of(_apply, responding(409, JSON, STATUS))
    except Conflict:
        assert type(await error_of(_get, unreadable)) is Transient
        assert type(await error_of(_apply, unreadable)) is UnknownOutcome


def test_a_long_message_is_cut() -> None:
    assert len(str(from_status(500, "x" * 10_000))) == 500


@pytest.mark.parametrize(("code", "expected"), CODES.items())
def test_a_code_told_inside_a_watch_means_the_same(code: int, expected: type[ClusterError]) -> None:
    error = from_status(code, "said so")
    assert (type(error), str(error), error.retry_after) == (expected, "said so", None)


def test_a_missing_right_to_sign_for_pods_may_be_granted_later() -> None:
    """The API server says so with 422, as it does of what it never takes."""
    said = 'PodCertificateRequest "x" is invalid: spec.signerName: Forbidden: User "u" is not permitted to "sign" for'
    assert type(from_status(422, f'{said} signer "a/b"')) is Forbidden
    assert type(from_status(422, "x is invalid: spec.signerName: Forbidden: no")) is Invalid
