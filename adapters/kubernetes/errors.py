"""Translates exceptions of lightkube, httpx2, msgspec and the operating system into ClusterErrors.

The message of a Status of the API server is kept; of any other body nothing is, since it may hold anything.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import aiohttp
import httpx2
import msgspec
from lightkube import ApiError

from adapters.kubernetes.credentials import CredentialUnavailable
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

_OTHER_NAME = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH of openssl/x509_vfy.h
_NO_ISSUER = (2, 7, 18, 19, 20, 21)  # …_UNABLE_TO_GET_ISSUER_CERT, _CERT_SIGNATURE_FAILURE, _SELF_SIGNED_CERT and kin
_NOT_YET_VALID, _EXPIRED = 9, 10


REFUSED_FOR = "refused-for"
"""The extension of a 401 response that says what is wrong with the credential; empty where that is unknown."""


class Unreachable(Exception):
    """The cause of an httpx2.TransportError; the message names the server and the reason."""


def unreachable(error: Exception, server: str, trusted: str) -> Unreachable:
    """`server` is host:port; `trusted` says where the CA certificates are from."""
    if isinstance(error, TimeoutError):
        made = Unreachable(f"the API server {server} did not answer in time ({type(error).__name__})")
    else:
        made = Unreachable(f"the API server {server} cannot be reached: {_reason(error, trusted)}")
    made.__cause__ = error
    return made


def _reason(error: Exception, trusted: str) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy answered {error.status}"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"the proxy {error.host}:{error.port} cannot be reached: {_system(error.os_error)}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _distrust(error.certificate_error, trusted)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _system(error.os_error)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection"
    if isinstance(error, OSError):
        return _system(error)
    return f"its answer is no HTTP ({type(error).__name__})"


def _system(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS fails ({(error.reason or type(error).__name__).replace('_', ' ').lower()})"
    if isinstance(error, socket.gaierror):
        return f"its name cannot be resolved ({error.strerror})"
    return os.strerror(error.errno).lower() if error.errno else type(error).__name__


def _distrust(error: Exception, trusted: str) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate cannot be read"
    said, code = error.verify_message.rstrip("."), error.verify_code
    if code in _OTHER_NAME:
        return (
            f"its certificate is for another name ({said}); set tls-server-name in the kubeconfig to one of its names"
        )
    if code in _NO_ISSUER:
        return f"its certificate is issued by no CA of {trusted} ({said}); put the CA's certificate there"
    if code == _EXPIRED:
        return f"its certificate, or one above it, has expired ({said}); renew it there"
    if code == _NOT_YET_VALID:
        return f"its certificate, or one above it, is not valid yet ({said}); compare the clocks there and here"
    return f"its certificate, or one above it, does not pass ({said}); have it issued anew"


_BY_CODE: dict[int, type[ClusterError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: Throttled,
}
_FINAL = (Invalid, NotFound)  # only where the API server says so itself: a proxy answers 400 and 404 with a page
_NOT_PERMITTED = ' is not permitted to "sign" for signer '
"""What the API server says with 422 of the status of a PodCertificateRequest, and which is a missing right of RBAC."""
_ADMISSION = re.compile(
    r"""
    admission\ webhook\ "                             # denied by a webhook, with any code that it likes
    | Internal\ error\ occurred:\ (failed\ calling|admission)\ webhook\ "
    | policy\ ['"]                                     # a MutatingAdmissionPolicy
    | \S+(\ "([^"\\]|\\.)*")?\ is\ forbidden:\ (?!User\ ")   # a policy or a plugin; `User "` begins what RBAC says
    """,
    re.VERBOSE,
)
"""How the message of a Status begins that admission has made; its code may be any from 400 on.

https://github.com/kubernetes/apiserver/blob/master/pkg/admission/plugin/webhook/errors/statuserror.go and
pkg/admission/errors.go; names are quoted there, so that no name can look like the rest.
"""
_AHEAD = "Too large resource version"
"""How the message of a Status begins that answers a version which etcd has not reached, as after a restore.

https://github.com/kubernetes/apiserver/blob/master/pkg/storage/errors.go
"""
_UNAUTHORIZED = 401
_MESSAGE_LIMIT = 500
_LONGEST_WAIT = 3600.0  # seconds, whatever a server asks for
_FOREIGN = (
    httpx2.HTTPError,
    httpx2.StreamError,
    msgspec.MsgspecError,
    RecursionError,  # msgspec's, of an object that is nested too deep
    CredentialUnavailable,
    KeyError,
    ValueError,
    OSError,
)
_ANSWER_LOST = (
    msgspec.MsgspecError,
    RecursionError,
    httpx2.DecodingError,
    httpx2.ReadError,
    httpx2.ReadTimeout,
    httpx2.RemoteProtocolError,
    TimeoutError,
    UnicodeError,
)


class TooLarge(Exception):
    """An answer of the API server has more bytes than its reader takes."""


class Silent(Exception):
    """A watch has sent nothing for longer than lies between two bookmarks."""


@contextmanager
def reading() -> Iterator[None]:
    """Translates what a call that changes nothing raises."""
    try:
        yield
    except _FOREIGN as error:
        raise _translate(error) from error


@contextmanager
def writing() -> Iterator[None]:
    """As `reading`; but where the answer cannot be read, the write may have happened: UnknownOutcome."""
    try:
        yield
    except _FOREIGN as error:
        if isinstance(error, _ANSWER_LOST) and _refusal(error) is None:
            raise UnknownOutcome(f"the answer to a write was lost ({type(error).__name__})") from error
        raise _translate(error) from error


def from_status(code: int, message: str, retry_after: float | None = None) -> ClusterError:
    """The error for an HTTP status code, of a response or inside a watch."""
    kind = AdmissionRefused if _ADMISSION.match(message) else _BY_CODE.get(code, Transient)
    if _NOT_PERMITTED in message:
        kind = Forbidden
    if message.startswith(_AHEAD):
        kind = Gone
    return kind(_one_line(message), None if retry_after is None else timedelta(seconds=retry_after))


def _translate(error: Exception) -> ClusterError:
    if (refusal := _refusal(error)) is not None:
        return _refused(refusal)
    if isinstance(error, CredentialUnavailable):
        return Transient(str(error))
    if isinstance(error.__cause__, Unreachable):
        return Transient(str(error.__cause__))
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return Transient(f"the API server did not answer in time ({type(error).__name__})")
    if isinstance(error, httpx2.TransportError):
        return Transient(f"the API server cannot be reached ({type(error).__name__})")
    return Transient(f"the API server's answer cannot be read ({type(error).__name__})")


def _refused(refusal: httpx2.HTTPStatusError) -> ClusterError:
    code = refusal.response.status_code
    said = _said(refusal)
    failure = from_status(code, said or f"the API server answered {code}", _retry_after(refusal.response))
    if code == _UNAUTHORIZED and not isinstance(failure, AdmissionRefused):
        why = refusal.response.extensions.get(REFUSED_FOR) or said or "Unauthorized"
        return Forbidden(f"the API server does not accept the manager's credential (401): {_one_line(why)}")
    if said is None and isinstance(failure, _FINAL):
        return Transient(str(failure), failure.retry_after)
    return failure


def _said(refusal: httpx2.HTTPStatusError) -> str | None:
    """The message of the API server's Status, empty where it has none; None where the body is no Status."""
    if isinstance(refusal, ApiError) and refusal.response.json().get("kind") == "Status":
        return refusal.status.message or ""
    return None


def _refusal(error: BaseException | None) -> httpx2.HTTPStatusError | None:
    """The status answered, also where lightkube stumbled over its body: no Content-Type, no JSON, no Status."""
    while error is not None and not isinstance(error, httpx2.HTTPStatusError | ClusterError):
        error = error.__context__
    return error if isinstance(error, httpx2.HTTPStatusError) else None


def _one_line(message: str) -> str:
    """A message, which a webhook may have written, in printable characters and of bounded length."""
    shown = (letter if letter.isprintable() else repr(letter)[1:-1] for letter in message[:_MESSAGE_LIMIT])
    return "".join(shown)[:_MESSAGE_LIMIT]


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds, RFC 9110 section 10.2.3; the API server never sends its other form, a date."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_WAIT) if value.isascii() and value.isdigit() else None
