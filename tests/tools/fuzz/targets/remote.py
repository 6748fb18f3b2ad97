"""What CAs elsewhere answer, and where tenants say that they are."""

from __future__ import annotations

import base64
from collections.abc import Awaitable
from datetime import timedelta

from adapters.signers.http import client as http
from adapters.signers.http.assembly import assemble
from adapters.signers.http.pool import base_url
from adapters.signers.pki import bundle
from adapters.signers.pki.bundle import CertificateBundle
from domain.errors import IssuerFailed, IssuerUnhealthy, SigningError
from tests.tools.fuzz import parties
from tests.tools.fuzz.targets import refusals


def pkcs7(data: bytes) -> bool:
    """An EST server's answer, as it is and in base64, and what is made of it."""
    return any([_pkcs7(data), _pkcs7(base64.b64encode(data))])


def _pkcs7(answer: bytes) -> bool:
    try:
        found = bundle.read_pkcs7(answer)
    except ValueError as error:
        refusals.check(error, ValueError)
        return False
    trusted = CertificateBundle([parties.CA.certificate])
    return is_kept(assemble("", "the CA", found, parties.KEY.public_key(), trusted, _nothing_new, parties.NOW))


async def _nothing_new() -> CertificateBundle:
    raise IssuerUnhealthy("not just now")


def is_kept(work: Awaitable[object], kind: type[Exception] = SigningError) -> bool:
    try:
        parties.finish(work)
    except SigningError as refusal:
        refusals.check(refusal, kind)
        return False
    return True


def retry_after(data: bytes) -> bool:
    """http.retry_after; a header is what aiohttp makes of it."""
    found = http.retry_after(data.decode(errors="surrogateescape"), parties.NOW)
    assert found is None or found >= timedelta(0)
    return found is not None


def url(data: bytes) -> bool:
    """spec.url, for all signers of remote CAs."""
    text = data.decode(errors="surrogateescape")
    return any([_is_url(text, allow_http=True), _is_url(text, allow_http=False)])


def _is_url(text: str, *, allow_http: bool) -> bool:
    try:
        base = base_url(text, allow_http=allow_http)
    except IssuerFailed as refusal:
        refusals.check(refusal, IssuerFailed, begins="spec.url: ")
        return False
    scheme, _, host, *_ = base.split("/")
    assert scheme.lower() in (["https:", "http:"] if allow_http else ["https:"])
    assert host
    assert "@" not in host
    return True
