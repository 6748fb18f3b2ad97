"""A CA that means no good: each way in which it lies, leads astray, wastes time or gives secrets away, in any dialect.

An attack knows no dialect but by `hand_out`; what must become of it stands beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509

from tests.integration.hostile_ca.controller import PATIENCE
from tests.integration.hostile_ca.dialect import Dialect
from tests.support import pki
from tests.support.remote import https
from tests.unit.adapters.signers.lying import LOWER, UPPER, Lie

METADATA = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
"""Where clouds hand out a machine's own credentials: link-local, without TLS or password."""


@dataclass
class Hostile:
    """The server: honest until it is asked to enrol, or never where `everywhere` says so."""

    dialect: Dialect
    attack: Attack
    leaf: x509.Certificate
    everywhere: bool = False

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == self.dialect.enrolment or self.everywhere:
            return await self.attack.answer(self, request)
        return web.Response(body=self.dialect.honest[request.path])

    def hand_out(self, leaf: x509.Certificate) -> web.Response:
        return web.Response(body=self.dialect.hand_out([leaf, LOWER.certificate, UPPER.certificate]))


@dataclass(frozen=True)
class Attack:
    """`told` is a pattern of what people are told; `is_ca` that a CA's certificate was asked for.

    `lasting` says that the whole issuer is held back, so that no request fails by it; `patience` is how long we wait.
    """

    answer: Callable[[Hostile, web.Request], Awaitable[web.StreamResponse]]
    told: str
    lasting: bool = False
    is_ca: bool = False
    patience: timedelta = PATIENCE


@asynccontextmanager
async def serving(
    directory: Path, dialect: Dialect, attack: Attack, leaf: x509.Certificate, *, everywhere: bool = False
) -> AsyncIterator[https.Server]:
    async with https.serving(directory, Hostile(dialect, attack, leaf, everywhere).answer) as server:
        yield server


def _signs(lie: Lie, told: str, *, is_ca: bool = False) -> Attack:
    async def answer(ca: Hostile, request: web.Request) -> web.StreamResponse:
        return ca.hand_out(lie(ca.leaf))

    return Attack(answer, told, is_ca=is_ca)


def _says(status: int, told: str, *, lasting: bool = False, **headers: str) -> Attack:
    """With all that it was sent in its answer, as a debugging server does."""

    async def answer(ca: Hostile, request: web.Request) -> web.StreamResponse:
        sent = f"{dict(request.headers)} {(await request.read()).decode()} {' '.join(ca.dialect.stored)}"
        return web.Response(status=status, text=sent, reason=_one_line(sent), headers=dict(_echoed(headers, sent)))

    return Attack(answer, told, lasting=lasting)


def _one_line(text: str) -> str:
    return "".join(filter(str.isprintable, text))[:2000]


def _echoed(headers: dict[str, str], sent: str) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        yield name.replace("_", "-"), value
    yield "X-Debug", _one_line(sent)


async def _endless(ca: Hostile, request: web.Request) -> web.StreamResponse:
    """Without end as far as anybody should listen: who does hears some ten megabytes."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    for _ in range(500):
        await answer.write(" ".join(ca.dialect.stored).encode() * 100)
    return answer


async def _slow(ca: Hostile, request: web.Request) -> web.StreamResponse:
    """Always on the point of saying more, so that no single read takes long."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(b" ")
        await asyncio.sleep(0.05)


async def _cut_off(ca: Hostile, request: web.Request) -> web.StreamResponse:
    whole = ca.hand_out(ca.leaf)
    assert isinstance(whole.body, bytes)
    return web.Response(body=whole.body[: len(whole.body) // 2])


def _names(*values: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(value) for value in values])


def _with(extension: x509.ExtensionType) -> Lie:
    return lambda leaf: pki.altered(leaf, LOWER, extension=extension)


ASKED = ("app.example.com", "www.example.com")
HONEST = _signs(lambda leaf: leaf, "Signed")
WRONG_CERTIFICATES = {
    "another key": _signs(
        lambda leaf: pki.altered(leaf, LOWER, public_key=pki.key(owner="the CA's friend")),
        "holds no certificate for the public key of spec.request",
    ),
    "a missing name": _signs(_with(_names(ASKED[0])), f"subject alternative names: DNS name '{ASKED[1]}' is missing"),
    "no names": _signs(
        lambda leaf: pki.altered(leaf, LOWER, without=x509.SubjectAlternativeName), f"DNS name '{ASKED[0]}' is missing"
    ),
    "an extra name": _signs(_with(_names(*ASKED, "evil.test")), "DNS name 'evil.test' was not asked for"),
    "a leaf for a CA": _signs(lambda leaf: leaf, "isCA: asked True, got False", is_ca=True),
    "a CA for a leaf": _signs(_with(x509.BasicConstraints(True, None)), "isCA: asked False, got True"),
    "a life of years": _signs(
        lambda leaf: pki.altered(leaf, LOWER, ends=leaf.not_valid_after_utc + timedelta(days=3650)),
        "validity: asked 24h",
    ),
}
WRONG_ANSWERS = {
    **{
        f"a redirect ({status}) to a link-local address": _says(
            status, rf"redirects \(HTTP {status}\), which is not followed", lasting=True, Location=METADATA
        )
        for status in (302, 307)  # one turns POST into GET, one sends it as it is
    },
    "an endless body": Attack(_endless, "answers with more than 50,000 bytes", lasting=True),
    "a slow body": Attack(_slow, "did not answer within 1s", lasting=True, patience=timedelta(seconds=1)),
    "garbage, the credential in it": _says(200, "the answer of .* is no"),
    "half an answer": Attack(_cut_off, "the answer of .* is no"),
    "401 with the credential echoed": _says(401, "HTTP 401", lasting=True, WWW_Authenticate="Basic realm=it"),
    "500 with the credential echoed": _says(500, "HTTP 500; see"),
    "503 with the credential echoed": _says(503, r"does not serve just now \(HTTP 503\)", lasting=True),
}
ATTACKS = WRONG_CERTIFICATES | WRONG_ANSWERS
