"""Asks signers to check and to sign, with the credentials of the issuer, which are read only then.

What a signer raises is returned: it means something (errors.py). Its time and what came of it go to the metrics.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import TypeVar

from domain import outcomes, requests
from domain.controller import log
from domain.errors import ClusterError, Forbidden, Invalid, IssuerFailed, IssuerUnhealthy, NotFound
from domain.model import CheckResult, Credentials, Issued, Issuer, IssuerSpec, Pending, Request
from domain.ports import Clock, Cluster, Metrics, Signer

_Answer = TypeVar("_Answer")


class Signing:
    """`signers` by the names that issuers' specs choose them by."""

    def __init__(self, signers: Mapping[str, Signer], cluster: Cluster, clock: Clock, metrics: Metrics) -> None:
        self._signers = signers
        self._cluster = cluster
        self._clock = clock
        self._metrics = metrics

    async def check(self, issuer: Issuer) -> CheckResult | Exception:
        """Whether the issuer's CA would sign."""
        try:
            signer, credentials = self._signer(issuer.spec), await self._credentials(issuer.spec)
            result = await self._timed(signer.check(issuer.spec, credentials), partial(self._checked, issuer.spec))
        except Exception as failure:
            log.failed(issuer.key, failure)
            self._metrics.checked(issuer.key, self._clock.now(), None)
            return failure
        self._metrics.checked(issuer.key, self._clock.now(), result.expires)
        return result

    async def sign(self, request: Request, issuer: Issuer) -> tuple[Issued | Pending | Exception, str | None]:
        """The signer's answer, and the version of the Secret with which it was asked, None where none was read."""
        version = None
        try:
            signer, credentials = self._signer(issuer.spec), await self._credentials(issuer.spec)
            version = credentials.version
            order = requests.sign_request(request, issuer, credentials, allow_annotations=signer.allow_annotations)
            return await self._timed(signer.sign(order), partial(self._signed, issuer.spec)), version
        except Exception as failure:
            log.failed(request.key, failure)
            return failure, version

    async def secret_version(self, spec: IssuerSpec) -> str | None:
        """The version of the issuer's Secret; None where it cannot be read."""
        try:
            return (await self._credentials(spec)).version
        except (IssuerUnhealthy, ClusterError):
            return None

    async def _timed(
        self, answer: Awaitable[_Answer], tell: Callable[[_Answer | Exception, timedelta], None]
    ) -> _Answer:
        begun = self._clock.uptime()
        try:
            outcome = await answer
        except Exception as failure:
            tell(failure, self._clock.uptime() - begun)
            raise
        tell(outcome, self._clock.uptime() - begun)
        return outcome

    def _checked(self, spec: IssuerSpec, outcome: CheckResult | Exception, took: timedelta) -> None:
        self._metrics.check_took(spec.signer, outcomes.checking(outcome), took)

    def _signed(self, spec: IssuerSpec, outcome: Issued | Pending | Exception, took: timedelta) -> None:
        self._metrics.signed(spec.signer, outcomes.signing(outcome), took)

    def _signer(self, spec: IssuerSpec) -> Signer:
        if spec.problem:
            raise IssuerFailed(spec.problem)
        return self._signers[spec.signer]

    async def _credentials(self, spec: IssuerSpec) -> Credentials:
        try:
            return await self._cluster.credentials(spec.secret)
        except (NotFound, Forbidden, Invalid) as refusal:
            name = f"{spec.secret.namespace}/{spec.secret.name}"
            raise IssuerUnhealthy(
                f"failed to get Secret containing Issuer credentials, secret name: {name}, reason: {refusal}"
            ) from refusal
