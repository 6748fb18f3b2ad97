"""Signs with a CA that speaks EST (RFC 7030) at spec.url.

- The HTTP status alone says what a response means; its text is not interpreted.
- EST has no words for duration, usages and isCA: the CA takes them from the CSR or from its own profile, and
  VerifyingSigner compares the certificate with the request.
- The Secret holds username and password, or tls.crt and tls.key, or all four; ca.crt holds the trusted CAs; without it
  the system's store is used. spec.est.label chooses one of several CAs of a server (section 3.2.2).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from adapters.idle_cache import IdleCache
from adapters.signers.est.server import ENROL, TRUSTED, ESTSpec, Server, server
from adapters.signers.fingerprint import size
from adapters.signers.http.assembly import assemble, examine
from adapters.signers.http.client import HTTPResponse
from adapters.signers.http.pool import ClientPool
from adapters.signers.pki import bundle
from adapters.signers.pki import csr as csrs
from adapters.signers.pki.bundle import CertificateBundle
from adapters.signers.threads import run_in_thread, run_in_thread_if_large
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, ObjectKey, Pending, SignRequest
from domain.ports import Clock, Signer

_BUDGET = 16 * 1024**2
"""Bytes of all trusted certificates together."""
_POLL = timedelta(minutes=1)
"""Where a 202 names no time, which it should (section 4.2.3)."""
_SHORTEST_POLL, _LONGEST_POLL = timedelta(seconds=1), timedelta(days=1)


class EST(Signer):
    """Keeps nothing of an order: a pending one is the same POST once more. `check` asks for the CA's certificates.

    EST has no operation that would tell whether credentials are good: a wrong password is found by the first
    request, unless the server looks at it already when asked for the CA's certificates.
    """

    spec_type = ESTSpec
    uses_url = True
    cannot_set_names = "EST sends the CA a CSR and no names besides (RFC 7030 section 4.2.1)"

    def __init__(self, clients: ClientPool, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self.kept: IdleCache[tuple[str, str, ObjectKey, str], CertificateBundle] = IdleCache(_BUDGET)

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        est = server(issuer, credentials)
        trusted = await self._fetch_trusted(est)
        return await examine(est.endpoint, _answer(TRUSTED), trusted, [], self._clock.now())

    async def sign(self, order: SignRequest) -> Issued | Pending:
        est = server(order.issuer, order.credentials)
        csr = await run_in_thread_if_large(order.issuer.secret.namespace, len(order.csr), lambda: csrs.read(order.csr))
        # Before the CA signs: what it has signed must not be lost because this fails.
        trusted = self.kept.get(est.key) or await self._fetch_trusted(est)
        answer = await self._enrol(est, csr.der)
        if answer.status == 202:
            return _pending(answer)
        found = await _certificates(est, ENROL, answer)
        now = self._clock.now()
        namespace = est.endpoint.secret.namespace
        return await assemble(
            namespace, "the EST server", found, csr.public_key, trusted, lambda: self._fetch_trusted(est), now
        )

    async def _enrol(self, est: Server, csr: bytes) -> HTTPResponse:
        """Sends the CSR in lines of base64, after a 400 on one line. Only a 400 to both refuses the CSR itself."""
        answer = await self._clients.exchange(est.endpoint, est.enrol(csr))
        if answer.status == 400:
            answer = await self._clients.exchange(est.endpoint, est.enrol_on_one_line(csr))
        return answer

    async def _fetch_trusted(self, est: Server) -> CertificateBundle:
        answer = await self._clients.exchange(est.endpoint, est.ask(TRUSTED))
        trusted = await _certificates(est, TRUSTED, answer)
        self.kept.put(est.key, trusted, 1024 + size(trusted.certificates))
        return trusted


def _pending(answer: HTTPResponse) -> Pending:
    wanted = _POLL if answer.retry_after is None else answer.retry_after
    poll_after = min(max(wanted, _SHORTEST_POLL), _LONGEST_POLL)
    return Pending("the EST server has taken the request and will answer later (HTTP 202)", poll_after)


async def _certificates(est: Server, operation: str, answer: HTTPResponse) -> CertificateBundle:
    _require_ok(est, operation, answer)
    try:
        return await run_in_thread(est.endpoint.secret.namespace, lambda: bundle.read_pkcs7(answer.body))
    except ValueError as error:
        raise _failure(operation)(f"{_answer(operation)} {error}; see its log") from None


def _answer(operation: str) -> str:
    return f"the answer of the EST server to {operation}"


def _require_ok(est: Server, operation: str, answer: HTTPResponse) -> None:
    said = f"the EST server answers {operation} with HTTP {answer.status}"
    match answer.status:
        case 200:
            return
        case 400 if operation == ENROL:
            raise RequestRejected(f"{said}: it refuses spec.request; see its log for what it wants")
        case 401 if answer.schemes and "Basic" not in answer.schemes:
            raise IssuerUnhealthy(f"{said}: {_unsupported(est, answer.schemes)}")
        case 401 | 403:
            raise IssuerUnhealthy(f"{said}: it does not accept {est.shown}; correct them, or allow them there")
        case 404:
            raise IssuerUnhealthy(f"{said}: no EST or no such CA there; correct spec.url or spec.est.label")
    raise _failure(operation)(f"{said}; see its log")


def _unsupported(est: Server, schemes: Collection[str]) -> str:
    endpoint = est.endpoint
    other = f"accept {est.shown}" if endpoint.client_certificate else f"store tls.crt and tls.key in {endpoint.secret}"
    return (
        f"it asks for HTTP {' or '.join(sorted(schemes))} authentication, which is not supported; "
        f"allow Basic there, or {other}"
    )


def _failure(operation: str) -> type[SigningError]:
    """A failed enrolment concerns one request; without the CA's certificates no request can be signed."""
    return SigningError if operation == ENROL else IssuerUnhealthy
