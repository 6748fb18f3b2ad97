"""From what a CA elsewhere returned to what a signer returns: the leaf, the way up, and the end of it to trust."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from cryptography import x509

from adapters.signers.http import tls
from adapters.signers.http.pool import Endpoint
from adapters.signers.pki import bundle, chains, go_readable, keys, pem
from adapters.signers.pki.bundle import CertificateBundle
from adapters.signers.threads import run_in_thread
from domain.errors import IssuerUnhealthy, SigningError
from domain.model import CheckResult, Issued


async def assemble(
    namespace: str,
    who: str,
    found: CertificateBundle,
    key: keys.PublicKey,
    trusted: CertificateBundle,
    renew: Callable[[], Awaitable[CertificateBundle]],
    now: datetime,
) -> Issued:
    """The certificate for `key` among those found, its chain, and the root that the chain leads to.

    Where it leads to none, or a CA in it has expired, the CA elsewhere may have a new one: then `renew` is asked, once,
    and its failure does not cost the certificate. SigningError where there is no certificate for the key, or no telling
    who issued it; `who` begins that message. `namespace` is that of the issuer's Secret.
    """

    def best() -> chains.Path:
        try:
            leaf = bundle.leaf(found.certificates, key)
            return bundle.path(leaf, found.certificates, trusted.certificates, now)
        except ValueError as error:
            raise SigningError(f"the answer of {who} {error}; see its log") from None

    path = await run_in_thread(namespace, best)
    if not bundle.is_complete(path, trusted.certificates, now):
        with contextlib.suppress(SigningError):
            trusted = await renew()
            path = await run_in_thread(namespace, best)
    return bundle.issued(path, now)


async def examine(
    endpoint: Endpoint, answer: str, trusted: CertificateBundle, issuing: Sequence[x509.Certificate], now: datetime
) -> CheckResult:
    """What there is to say of the CA's own certificates; `answer` names where the trusted ones come from.

    IssuerUnhealthy where it cannot be found out which issued which, or where Go cannot read those that sign.
    """

    def look() -> CheckResult:
        path = bundle.signing_path([*issuing, *trusted.certificates], now)
        if problem := go_readable.problem(path):
            raise ValueError(f"leads to a CA whose certificates would never be accepted: {problem}")
        warnings = [*tls.bundle_warnings(endpoint.secret, endpoint.credentials)]
        warnings += [f"{answer} {sentence}; it is left out" for sentence in trusted.unreadable]
        roots = bundle.roots(trusted.certificates)
        if not roots:
            warnings.append(f"{answer} holds no root, without which status.ca may stay empty; add it there")
        expires = min((ca.not_valid_after_utc for ca in path), default=None)
        return CheckResult(expires, tuple(warnings), pem.encode(bundle.unexpired(roots, now)))

    try:
        return await run_in_thread(endpoint.secret.namespace, look)
    except ValueError as error:
        raise IssuerUnhealthy(f"{answer} {error}; see its log") from None
