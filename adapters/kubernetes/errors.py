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
_FOREIGN = (httpx2.HTTPError, httpx2.StreamError, msgspec.MsgspecError, ConfigError, KeyError, ValueError, OSError)


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
    except (msgspec.MsgspecError, httpx2.ReadError, httpx2.ReadTimeout, httpx2.RemoteProtocolError) as error:
        raise UnknownOutcome(f"the answer to a write was lost ({type(error).__name__})") from error
    except TimeoutError as error:
        raise UnknownOutcome("the API server did not answer a write in time") from error
    except _FOREIGN as error:
        raise _translate(error) from error


def from_status(code: int, message: str, retry_after: float | None = None) -> ClusterError:
    """The error for an HTTP status code, wherever it was told: as a response or inside a watch."""
    kind = _BY_CODE.get(code, Transient)
    return kind(message[:_MESSAGE_LIMIT], None if retry_after is None else timedelta(seconds=retry_after))


def _translate(error: Exception) -> ClusterError:
    if isinstance(error, httpx2.HTTPStatusError):
        code = error.response.status_code
        message = error.status.message if isinstance(error, ApiError) else None
        return from_status(code, message or f"the API server answered {code}", _retry_after(error.response))
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return Transient(f"the API server did not answer in time ({type(error).__name__})")
    if isinstance(error, httpx2.TransportError):
        return Transient(f"the API server cannot be reached ({type(error).__name__})")
    if isinstance(error, ConfigError):  # may quote what a credential plugin printed
        return Transient("the credentials of the kubeconfig cannot be had; try kubectl with the same kubeconfig")
    return Transient(f"the API server's answer cannot be read ({type(error).__name__})")


def _retry_after(response: httpx2.Response) -> float | None:
    """Seconds, RFC 9110 section 10.2.3; the API server never sends its other form, a date."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else None
