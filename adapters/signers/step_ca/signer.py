"""Signs with smallstep's step-ca at spec.url, through the provisioner that spec.stepCA names.

- The HTTP status alone says what a response means; its text is not interpreted.
- step-ca refuses a duration over its policy, it does not shorten it: spec.stepCA.maxDuration bounds what is asked.
- The Secret holds jwk and password, or tls.crt and tls.key (token.py), and ca.crt, unless the system's store is to be
  trusted. Paths and bodies: api.py
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from cryptography import x509

from adapters.idle_cache import IdleCache
from adapters.signers.fingerprint import fingerprint, size
from adapters.signers.http.assembly import assemble, examine
from adapters.signers.http.pool import ClientPool, Endpoint
from adapters.signers.pki import csr as csrs
from adapters.signers.pki import keys
from adapters.signers.pki.bundle import CertificateBundle
from adapters.signers.pki.certificate_builder import DEFAULT_DURATION, backdating
from adapters.signers.step_ca.api import StepAPI, Validity
from adapters.signers.step_ca.token import Tokens, read_tokens
from adapters.signers.threads import run_in_thread, run_in_thread_if_large
from adapters.spec_fields import Duration, SpecFields, described
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, ObjectKey, SignRequest
from domain.ports import Clock, Signer

_BUDGET = 16 * 1024**2
"""Bytes of all that is remembered."""


@dataclass(slots=True)
class _Known:
    """What is remembered of one Secret at one CA: its roots once they were asked for, and who signed last.

    `expires` is when the CA does, as the last check found.
    """

    fingerprint: bytes
    tokens: Tokens
    roots: CertificateBundle | None = None
    issuing: list[x509.Certificate] = field(default_factory=list)
    expires: datetime | None = None

    async def fetch_roots(self, api: StepAPI) -> CertificateBundle:
        self.roots = roots = await api.roots()
        return roots

    def size(self) -> int:
        roots = self.roots.certificates if self.roots else ()
        return 8192 + size([*roots, *self.issuing])


class StepCASpec(SpecFields, frozen=True):
    """Asks a step-ca of smallstep at url."""

    provisioner: Annotated[
        str, described("The name of step-ca's provisioner that allows the requests.", min_length=1, max_length=256)
    ]
    max_duration: Annotated[
        Duration | None,
        described(
            "The longest duration that step-ca is asked for, such as 24h, its own default. step-ca refuses more than "
            "its policy allows, so an issuer without this field needs requests that ask for no more."
        ),
    ] = None


class StepCA(Signer):
    """An unknown provisioner is IssuerUnhealthy: it is the CA's to change, and the check finds out when it is there."""

    spec_type = StepCASpec
    uses_url = True
    cannot_set_names = "it asks step-ca for the names of the CSR, and a pod's CSR has none"
    ca_decides_subject_and_usages = True  # by its default template: CN from the token, server and client auth

    def __init__(self, clients: ClientPool, clock: Clock) -> None:
        self._clients = clients
        self._clock = clock
        self.kept: IdleCache[tuple[str, ObjectKey], _Known] = IdleCache(_BUDGET)

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        api, known = self._api(issuer, credentials), await self._recall(issuer, credentials)
        await api.require_health()
        await api.require_provisioner(issuer.options_as(StepCASpec).provisioner, known.tokens)
        roots = await known.fetch_roots(api)
        known.issuing = await api.intermediates() or known.issuing
        self._measure(issuer, known)
        answer = "the answer of step-ca to /roots"
        result = await examine(api.endpoint, answer, roots, known.issuing, self._clock.now())
        known.expires = result.expires
        return result

    async def sign(self, order: SignRequest) -> Issued:
        provisioner, duration = order.issuer.options_as(StepCASpec).provisioner, _duration(order)
        csr = await run_in_thread_if_large(order.issuer.secret.namespace, len(order.csr), lambda: csrs.read(order.csr))
        api = self._api(order.issuer, order.credentials)
        known = await self._recall(order.issuer, order.credentials)
        # Before the CA signs: what it has signed must not be lost because this fails.
        roots = known.roots or await known.fetch_roots(api)
        now = self._clock.now()
        token = known.tokens.make(provisioner, api.host, order, csr, now)
        validity = None if duration is None else _validity(duration, now, known)
        found = await api.sign(order.csr, token, validity, provisioner, known.tokens)
        known.issuing = [each for each in found.certificates if not keys.is_held(csr.public_key, each)]
        self._measure(order.issuer, known)
        namespace, now = order.issuer.secret.namespace, self._clock.now()
        return await assemble(namespace, "step-ca", found, csr.public_key, roots, lambda: known.fetch_roots(api), now)

    def _api(self, issuer: IssuerSpec, credentials: Credentials) -> StepAPI:
        return StepAPI(self._clients, Endpoint(issuer.url, issuer.secret, credentials))

    async def _recall(self, issuer: IssuerSpec, credentials: Credentials) -> _Known:
        content, known = fingerprint(credentials), self.kept.get((issuer.url, issuer.secret))
        if known and known.fingerprint == content:
            return known
        now = self._clock.now()
        tokens = await run_in_thread(issuer.secret.namespace, lambda: read_tokens(issuer.secret, credentials, now))
        known = _Known(content, tokens)
        self.kept.put((issuer.url, issuer.secret), known, known.size())
        return known

    def _measure(self, issuer: IssuerSpec, known: _Known) -> None:
        """Measures the entry again: the CA may have answered with other certificates."""
        key = issuer.url, issuer.secret
        if self.kept.get(key) is known:
            self.kept.put(key, known, known.size())


def _duration(order: SignRequest) -> timedelta | None:
    """None, which leaves it to the CA, if neither the request nor the issuer names one."""
    longest = order.issuer.options_as(StepCASpec).max_duration
    return order.duration if longest is None else min(order.duration or DEFAULT_DURATION, longest)


def _validity(duration: timedelta, now: datetime, known: _Known) -> Validity:
    """As long as asked, to the second, and begun a little before now where step-ca allows it; never past the CA's end.

    step-ca itself would sign a certificate that outlives it.
    """
    begin = now - backdating(duration)
    begin += timedelta(microseconds=-begin.microsecond % 1_000_000)
    if known.tokens.begins is not None:
        begin = max(begin, known.tokens.begins)
    end = begin + duration
    if known.expires is not None and known.expires > now:  # that it has expired is not the request's mistake
        end = min(end, known.expires)
    return begin, end
