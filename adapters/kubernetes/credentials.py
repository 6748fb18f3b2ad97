"""The credential and the impersonated user that go with every call, watches included.

A call that is refused with 401 is sent once more, where there is another credential by then.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import httpx2
import msgspec

from adapters.files import Stamp, stamp
from adapters.kubernetes.kubeconfig import User

_UNAUTHORIZED = 401
_HEADER_NAME = "!#$&'*+^`|"  # of RFC 9110 section 5.6.2, beside what quote() leaves alone, and without %


class CredentialUnavailable(Exception):
    """There is no credential to send; the message says why, and holds nothing secret."""


class Credential(msgspec.Struct, frozen=True):
    """`authorization` is the header's value, empty for none; `certificate` is PEM, with its key."""

    authorization: str = ""
    certificate: bytes = b""
    expires: datetime | None = None

    def __repr__(self) -> str:
        return "Credential(…)"


class Source(Protocol):
    """Where credentials come from. Both raise CredentialUnavailable."""

    async def current(self) -> Credential: ...

    async def renewed(self, refused: Credential) -> Credential:
        """What to send in place of a credential that was refused; the same where there is no other."""


class Given:
    """A fixed credential of the kubeconfig, or none."""

    def __init__(self, authorization: str = "") -> None:
        self._credential = Credential(authorization)

    async def current(self) -> Credential:
        return self._credential

    async def renewed(self, refused: Credential) -> Credential:
        return self._credential


class TokenFile:
    """A token in a file, which is read again when it changes; the constructor reads it too."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._stamp: Stamp | None = None
        self._credential = self._read()

    async def current(self) -> Credential:
        return self._credential if stamp(self._path) == self._stamp else self._read_or_keep()

    async def renewed(self, refused: Credential) -> Credential:
        return self._read_or_keep()

    def _read_or_keep(self) -> Credential:
        """Reads the file. If that fails, as while the file is being replaced, the last credential stays."""
        try:
            self._credential = self._read()
        except CredentialUnavailable:
            self._stamp = None
        return self._credential

    def _read(self) -> Credential:
        seen = stamp(self._path)
        try:
            token = Path(self._path).read_text().strip()
        except (OSError, UnicodeError) as error:
            raise CredentialUnavailable(f"tokenFile {self._path} cannot be read ({type(error).__name__})") from error
        if not token or not (token.isascii() and token.isprintable()):
            raise CredentialUnavailable(f"tokenFile {self._path} holds no token")
        self._stamp = seen
        return Credential(f"Bearer {token}")


class Authentication(httpx2.Auth):
    """`present` is given the client certificate of each credential before it is used, `answered` every HTTP status.

    A source without a credential counts as a response 401, so that /healthz treats both alike.
    """

    def __init__(
        self, source: Source, user: User, present: Callable[[bytes], None], answered: Callable[[int], None]
    ) -> None:
        self._source = source
        self._impersonation = impersonation(user)
        self._present = present
        self._answered = answered

    async def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        if self._impersonation:
            request.headers = httpx2.Headers([*request.headers.raw, *self._impersonation])
        try:
            credential = await self._source.current()
        except CredentialUnavailable:
            self._answered(_UNAUTHORIZED)
            raise
        response = yield self._with(request, credential)
        self._answered(response.status_code)
        if response.status_code != _UNAUTHORIZED:
            return
        renewed = await self._source.renewed(credential)
        if renewed != credential:
            response = yield self._with(request, renewed)
            self._answered(response.status_code)

    def _with(self, request: httpx2.Request, credential: Credential) -> httpx2.Request:
        self._present(credential.certificate)
        if credential.authorization:
            request.headers["Authorization"] = credential.authorization
        return request


def impersonation(user: User) -> list[tuple[bytes, bytes]]:
    """https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation"""
    if not user.as_:
        return []
    headers = [("Impersonate-User", user.as_)]
    if user.as_uid:
        headers.append(("Impersonate-Uid", user.as_uid))
    headers += [("Impersonate-Group", group) for group in user.as_groups or ()]
    for key, values in (user.as_user_extra or {}).items():
        headers += [(f"Impersonate-Extra-{quote(key, safe=_HEADER_NAME)}", value) for value in values]
    return [(name.encode(), value.encode()) for name, value in headers]
