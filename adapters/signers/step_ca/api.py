"""Client of step-ca's HTTP API: health, provisioners, roots, intermediates, sign.

Source: https://github.com/smallstep/certificates, api/api.go and api/sign.go
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from cryptography import x509

from adapters.signers.http.client import HTTPRequest, HTTPResponse
from adapters.signers.http.pool import ClientPool, Endpoint
from adapters.signers.pki import bundle
from adapters.signers.pki.bundle import CertificateBundle
from adapters.signers.step_ca.token import Tokens
from adapters.signers.threads import run_in_thread
from domain.errors import IssuerUnhealthy, RequestRejected, SigningError

_SIGN = "/1.0/sign"
_PAGES = 100  # of 20 provisioners each
_Read = TypeVar("_Read")
Validity = tuple[datetime, datetime]
"""notBefore and notAfter, in UTC."""


@dataclass(frozen=True, slots=True)
class StepAPI:
    """One CA. All methods raise IssuerUnhealthy if the CA does not answer as it should; `sign` raises more."""

    clients: ClientPool
    endpoint: Endpoint

    @property
    def host(self) -> str:
        return urlsplit(self.endpoint.url).netloc

    async def require_health(self) -> None:
        """Returns if the CA reports that it is healthy."""
        if await self._get("/health", lambda said: said["status"]) != "ok":
            raise IssuerUnhealthy("step-ca says that it is not well (/health); see its log")

    async def require_provisioner(self, name: str, tokens: Tokens) -> None:
        """Returns if the CA has this provisioner, of the type and with the key that the Secret has."""
        cursor = ""
        for _ in range(_PAGES):
            provisioners, cursor = await self._get("/provisioners" + cursor, _page)
            for provisioner in provisioners:
                if provisioner.get("name") == name:
                    return _require_same(name, provisioner, tokens)
            if not cursor:
                break
        raise IssuerUnhealthy(
            f"step-ca has no provisioner {name!r}; correct spec.stepCA.provisioner, or add it to the CA"
        )

    async def roots(self) -> CertificateBundle:
        """The CA's root certificates."""
        return await self._get("/roots", lambda said: bundle.read_pem(said["crts"]))

    async def intermediates(self) -> list[x509.Certificate]:
        """The CA's own certificate and those above it; empty for versions of step-ca that do not return them."""
        with contextlib.suppress(IssuerUnhealthy):
            return list((await self._get("/intermediates", lambda said: bundle.read_pem(said["crts"]))).certificates)
        return []

    async def sign(
        self, csr: bytes, token: str, validity: Validity | None, provisioner: str, tokens: Tokens
    ) -> CertificateBundle:
        """The certificate and its chain, in whatever order; SigningError, RequestRejected as `_refuse` has it.

        Without `validity` the CA's own default holds.
        """
        asked = {"csr": csr.decode(), "ott": token}
        if validity is not None:
            # Both, since to a notAfter alone step-ca adds a minute of its own before its now.
            asked["notBefore"], asked["notAfter"] = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in validity)
        headers = {"Content-Type": "application/json"}
        question = HTTPRequest("POST", _SIGN, headers, json.dumps(asked).encode())
        answer = await self.clients.exchange(self.endpoint, question)
        if answer.status not in (200, 201):
            _refuse(answer.status, provisioner, tokens)
        return await self._parse(_SIGN, answer, SigningError, lambda said: bundle.read_pem(said["certChain"]))

    async def _get(self, path: str, read: Callable[[Any], _Read]) -> _Read:
        answer = await self.clients.exchange(self.endpoint, HTTPRequest("GET", path))
        place = path.partition("?")[0]
        if answer.status not in (200, 201):
            raise IssuerUnhealthy(
                f"step-ca answers {place} with HTTP {answer.status}; see that spec.url is a step-ca, and its log"
            )
        return await self._parse(place, answer, IssuerUnhealthy, read)

    async def _parse(
        self, place: str, answer: HTTPResponse, failure: type[SigningError], read: Callable[[Any], _Read]
    ) -> _Read:
        try:
            return await run_in_thread(self.endpoint.secret.namespace, lambda: read(json.loads(answer.body)))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise failure(f"the answer of step-ca to {place} is not what step-ca answers; see its log") from None


def _page(said: Any) -> tuple[list[dict[str, Any]], str]:
    """One page of provisioners, and the query for the next; empty after the last."""
    provisioners, cursor = said["provisioners"], said.get("nextCursor", "")
    if not all(isinstance(provisioner, dict) for provisioner in provisioners) or not isinstance(cursor, str):
        raise TypeError
    return provisioners, f"?cursor={quote(cursor, safe='')}" if cursor else ""


def _require_same(name: str, provisioner: dict[str, Any], tokens: Tokens) -> None:
    if provisioner.get("type") != tokens.type:
        raise IssuerUnhealthy(
            f"step-ca's provisioner {name!r} is not of type {tokens.type}, for which {tokens.shown} are; "
            "correct spec.stepCA.provisioner or the Secret"
        )
    key = provisioner.get("key")
    kid = tokens.header.get("kid")
    if kid is not None and (not isinstance(key, dict) or key.get("kid") != kid):
        raise IssuerUnhealthy(
            f"step-ca's provisioner {name!r} has another key than {tokens.shown}; store its encryptedKey there"
        )


def _refuse(status: int, provisioner: str, tokens: Tokens) -> None:
    said = f"step-ca answers {_SIGN} with HTTP {status}"
    match status:
        case 400:
            raise RequestRejected(f"{said}: it cannot make a certificate of spec.request; see its log for why")
        case 401:
            raise IssuerUnhealthy(
                f"{said}: it accepts no token of provisioner {provisioner!r} by {tokens.shown}; see that it has this "
                "key or root, the CA's dnsNames the host of spec.url, and both clocks the same time; its log says which"
            )
        case 403:
            raise RequestRejected(
                f"{said}: its policy does not allow the duration, a name or the key of this request; ask for a shorter "
                "spec.duration, or have the issuer ask for less by spec.stepCA.maxDuration, or see the CA's log"
            )
        case 404:
            raise IssuerUnhealthy(f"{said}: there is no step-ca; correct spec.url")
    raise SigningError(f"{said}; see its log")
