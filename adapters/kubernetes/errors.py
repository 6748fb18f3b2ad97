"""The one place where foreign errors become the domain's.

Law: whatever lightkube, httpx2, msgspec or the operating system raise on the way to the API server leaves this
package as a ClusterError. Of a Status the message is kept, of any other body nothing: it may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx2
import msgspec
from lightkube import ApiError
from lightkube.core.exceptions import ConfigError

from domain.errors import (
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

_BY_CODE: dict[int, type[ClusterError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: Invalid,
    422: Invalid,
    429: Throttled,
}
_MESSAGE_LIMIT = 500
_LONGEST_WAIT = 3600.0  # seconds, whatever a server asks for
_FOREIGN = (
    httpx2.HTTPError,
    httpx2.StreamError,
    msgspec.MsgspecError,
    RecursionError,  # msgspec's, of an object that is nested too deep
    ConfigError,
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
    """The error for an HTTP status code, wherever it was told: as a response or inside a watch."""
    kind = _BY_CODE.get(code, Transient)
    return kind(message[:_MESSAGE_LIMIT], None if retry_after is None else timedelta(seconds=retry_after))


def _translate(error: Exception) -> ClusterError:
    if (refusal := _refusal(error)) is not None:
        code = refusal.response.status_code
        message = refusal.status.message if isinstance(refusal, ApiError) else None
        return from_status(code, message or f"the API server answered {code}", _retry_after(refusal.response))
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return Transient(f"the API server did not answer in time ({type(error).__name__})")
    if isinstance(error, httpx2.TransportError):
        return Transient(f"the API server cannot be reached ({type(error).__name__})")
    if isinstance(error, ConfigError):  # may quote what a credential plugin printed
        return Transient("the credentials of the kubeconfig cannot be had; try kubectl with the same kubeconfig")
    return Transient(f"the API server's answer cannot be read ({type(error).__name__})")


def _refusal(error: BaseException | None) -> httpx2.HTTPStatusError | None:
    """The status answered, also where lightkube stumbled over its body: no Content-Type, no JSON, no Status."""
    while error is not None and not isinstance(error, httpx2.HTTPStatusError | ClusterError):
        error = error.__context__
    return error if isinstance(error, httpx2.HTTPStatusError) else None


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds, RFC 9110 section 10.2.3; the API server never sends its other form, a date."""
    value = response.headers.get("Retry-After", "")
    return min(float(value), _LONGEST_WAIT) if value.isascii() and value.isdigit() else None
