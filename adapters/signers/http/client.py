"""An HTTP client for one remote CA, with limits on time, size and concurrency.

- A response is a value; failing to get one is IssuerUnhealthy. Messages name the host and the kind of failure and hold
  no byte that was sent or received.
- No proxy, netrc or cookie of the environment is used, no redirect is followed, nothing is decompressed.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp

from adapters.signers.http.networks import Networks, NoAnswer, NotPermitted, Resolver, Sockets
from adapters.signers.http.tls import Trust
from domain import durations
from domain.errors import IssuerUnhealthy, SigningError
from domain.ports import Clock

LONGEST_PAUSE = timedelta(minutes=5)
"""Also where a CA asks for a longer pause, which may be a mistake; the circuit breaker waits no longer either."""
_OVERLOADED = (429, 502, 503, 504)
_SCHEMES = {name.lower(): name for name in ("Basic", "Bearer", "Digest", "Negotiate", "NTLM")}


@dataclass(frozen=True, slots=True)
class Limits:
    """`total` runs from the first byte of a request to the last one of its answer; `body` is in bytes.

    Before that a request waits for its turn, `turn` at most: as long as those that are under way may take. `at_once`
    counts requests that read (GET) and requests that order (POST) each for themselves.
    """

    connect: timedelta = timedelta(seconds=10)
    total: timedelta = timedelta(seconds=30)
    turn: timedelta = timedelta(seconds=30)
    body: int = 512 * 1024
    at_once: int = 8


@dataclass(frozen=True, slots=True)
class HTTPRequest:
    """One HTTP request. Its repr shows neither headers nor body, which may hold credentials."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class HTTPResponse:
    """Any answer but those that Client makes errors of. The body is for parsing, never for messages."""

    status: int
    body: bytes = field(repr=False)
    retry_after: timedelta | None = None
    schemes: frozenset[str] = frozenset()
    """The HTTP authentication schemes that WWW-Authenticate offers, of those that are known here."""


class Client:
    """Keeps connections to one CA; `base` is its URL without a slash at the end, `trust` is for messages.

    A redirect, 429, 502, 503, 504 and every failure to get an answer are IssuerUnhealthy: all requests of
    the issuer then wait, and one goes first when a check has passed. A Retry-After that comes with them is honoured
    here: until it has passed, nothing is sent to this CA.
    """

    def __init__(
        self,
        base: str,
        trust: Trust,
        tls: ssl.SSLContext,
        resolver: Resolver,
        networks: Networks,
        clock: Clock,
        limits: Limits,
        user_agent: str,
    ) -> None:
        self.host = base.split("/")[2]
        self._base = base
        self._trust = trust
        self._clock = clock
        self._limits = limits
        # Checks only read: a burst of orders does not make a CA that works look as if it did not.
        self._reading, self._ordering = asyncio.Semaphore(limits.at_once), asyncio.Semaphore(limits.at_once)
        self._paused_until = timedelta(0)  # by Clock.uptime
        self._pause_ends: datetime | None = None  # the same for messages
        self._sockets = Sockets(networks)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=tls,
                resolver=resolver,
                limit=2 * limits.at_once,
                keepalive_timeout=30,
                socket_factory=self._sockets.make,
            ),
            timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect.total_seconds()),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def exchange(self, question: HTTPRequest) -> HTTPResponse:
        """Asks once, when it is this question's turn; SigningError if that does not come in time."""
        async with self._turn(self._reading if question.method == "GET" else self._ordering):
            self._require_no_pause()
            answer = await self._send(question)
        if 300 <= answer.status < 400:
            raise IssuerUnhealthy(
                f"{self.host} redirects (HTTP {answer.status}), which is not followed; "
                "put the address where the CA itself answers into spec.url"
            )
        if answer.status in _OVERLOADED:
            self._pause(answer)
        return answer

    async def close(self) -> None:
        await self._session.close()
        await self._sockets.close()

    @contextlib.asynccontextmanager
    async def _turn(self, slots: asyncio.Semaphore) -> AsyncIterator[None]:
        """SigningError, since the CA may be slow and well: other requests are under way, and their answers decide."""
        try:
            async with asyncio.timeout(self._limits.turn.total_seconds()):
                await slots.acquire()
        except TimeoutError:
            raise SigningError(
                f"{self.host} was not asked: {self._limits.at_once} requests with the same credentials are under way, "
                f"and no turn came within {durations.text(self._limits.turn)}; this one is tried again"
            ) from None
        try:
            yield
        finally:
            slots.release()

    def _require_no_pause(self) -> None:
        if self._pause_ends and self._clock.uptime() < self._paused_until:
            raise IssuerUnhealthy(f"{self.host} asked not to be asked before {self._pause_ends:%H:%M:%S} UTC")

    def _pause(self, answer: HTTPResponse) -> None:
        wanted = ""
        if answer.retry_after:
            pause = min(answer.retry_after, LONGEST_PAUSE)
            self._paused_until, self._pause_ends = self._clock.uptime() + pause, self._clock.now() + pause
            wanted = f", and is asked again after {durations.text(pause)}"
        what = "refuses for now: too many requests" if answer.status == 429 else "does not serve just now"
        raise IssuerUnhealthy(f"{self.host} {what} (HTTP {answer.status}){wanted}")

    async def _send(self, question: HTTPRequest) -> HTTPResponse:
        try:
            async with asyncio.timeout(self._limits.total.total_seconds()):
                return await self._request(question)
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError) as error:
            raise IssuerUnhealthy(f"{self.host} {self._trouble(error)}") from None

    async def _request(self, question: HTTPRequest) -> HTTPResponse:
        async with self._session.request(
            question.method,
            self._base + question.path,
            headers=question.headers,
            data=question.body,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > self._limits.body:
                    response.close()
                    raise IssuerUnhealthy(
                        f"{self.host} answers with more than {self._limits.body:,} bytes; see that spec.url is a CA's"
                    )
            waiting = retry_after(response.headers.get("Retry-After", ""), self._clock.now())
            offered = schemes(response.headers.getall("WWW-Authenticate", ()))
            return HTTPResponse(response.status, bytes(body), waiting, offered)

    def _trouble(self, error: Exception) -> str:
        """Goes on after the host. Of the library's own words none are used: some quote what was received."""
        match error:
            case aiohttp.ClientConnectorCertificateError():
                return self._trust.explain(error.certificate_error)
            case aiohttp.ConnectionTimeoutError():
                return f"could not be connected to within {durations.text(self._limits.connect)}; see spec.url"
            case TimeoutError():
                return f"did not answer within {durations.text(self._limits.total)}"
            case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
                return f"does not speak TLS with us ({_tls_reason(error)})"
            case aiohttp.ClientConnectorError():
                return _unreachable(error)
            case aiohttp.ServerDisconnectedError():  # by TLS 1.3 this is also how it refuses client certificates
                return "broke the connection off without an answer; it may want a client certificate, or another one"
            case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
                return f"broke the connection off ({_tls_reason(error)})"
            case aiohttp.InvalidURL() | UnicodeError():
                return "is no host; see spec.url"
        return f"does not answer as an HTTP server does ({type(error).__name__})"


def retry_after(text: str, now: datetime) -> timedelta | None:
    """A Retry-After header, which is seconds or a date (RFC 9110 section 10.2.3); None where it is neither."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return timedelta(seconds=int(text))
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the latter for a year, or an offset, that no machine word holds
        return None
    return max((date if date.tzinfo else date.replace(tzinfo=UTC)) - now, timedelta(0))


def schemes(challenges: Iterable[str]) -> frozenset[str]:
    """The known schemes in values of WWW-Authenticate (RFC 9110 section 11.6.1), spelt as in `_SCHEMES`.

    Challenges and their parameters are both separated by commas; a parameter's name is followed by "=".
    """
    first_words = (words[0] for value in challenges for part in _unquoted(value).split(",") if (words := part.split()))
    return frozenset(_SCHEMES[word.lower()] for word in first_words if word.lower() in _SCHEMES)


def _unquoted(value: str) -> str:
    """Without the strings in quotes (RFC 9110 section 5.6.4)."""
    return "".join(value.replace("\\\\", "").replace('\\"', "").split('"')[::2])


def _unreachable(error: aiohttp.ClientConnectorError) -> str:
    """Does not tell addresses: a tenant learns no more of names in the cluster than from its own pods."""
    if isinstance(error.os_error, NotPermitted):
        return (
            "is at an address that the manager does not connect to; put another into spec.url, "
            "or have it permitted by the manager's flags --ca-denied-networks and --ca-allowed-networks"
        )
    if isinstance(error.os_error, NoAnswer):
        return "is not found: DNS fails, or does not answer in time; see to the name servers of its zone, and spec.url"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "is not known to DNS; see spec.url"
    reason = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "no connection"
    return f"cannot be reached ({reason}); see that the CA runs, and spec.url"


def _tls_reason(error: Exception) -> str:
    """OpenSSL's name for it, else the class."""
    for cause in (getattr(error, "os_error", None), error, error.__cause__):
        reason = getattr(cause, "reason", None)
        if isinstance(cause, ssl.SSLError) and isinstance(reason, str):
            return reason.lower().replace("_", " ")
    return type(error).__name__
