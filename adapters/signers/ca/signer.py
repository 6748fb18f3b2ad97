"""Signs with the CA in the issuer's Secret: tls.crt (and its chain), tls.key, and ca.crt where there is one.

The layout is that of cert-manager and `kubectl create secret tls`. Errors name the Secret, its key, the reason and the
remedy; they never quote the content.
"""

from collections.abc import Mapping
from datetime import datetime

from cryptography import x509

from adapters.idle_cache import IdleCache
from adapters.signers.fingerprint import fingerprint
from adapters.signers.pki import chains, go_readable, pem
from adapters.signers.pki.local_ca import Authority, authority, best_path, own, read_key, require_ca
from adapters.signers.threads import run_in_thread, run_in_thread_if_large
from adapters.spec_fields import SpecFields
from domain.errors import IssuerFailed, IssuerUnhealthy
from domain.model import CheckResult, Credentials, Issued, IssuerSpec, ObjectKey, SignRequest
from domain.ports import Clock, Signer

CERTIFICATE, KEY, TRUSTED = "tls.crt", "tls.key", "ca.crt"
_BUDGET = 16 * 1024**2
"""Bytes of all CAs that stay in memory, parsed: checking an RSA key takes longer than signing with it."""
_NO_ROOT = "status.ca stays empty; add the certificates above it to tls.crt, the root there or to ca.crt"
_Found = tuple[Authority, tuple[str, ...]]
"""With what the issuer should warn of."""


class CASpec(SpecFields, frozen=True):
    """Signs with the tls.crt and tls.key of the Secret."""


class CA(Signer):
    """IssuerFailed for a Secret that cannot work, IssuerUnhealthy for a CA that is not valid yet."""

    spec_type = CASpec
    cannot_set_names = ""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.kept: IdleCache[ObjectKey, tuple[bytes, _Found]] = IdleCache(_BUDGET)

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> CheckResult:
        found, warnings = await self._authority(issuer, credentials)
        now = self._clock.now()
        found.require_valid(now)
        return CheckResult(found.expires, warnings, found.roots(now))

    async def sign(self, order: SignRequest) -> Issued:
        found, _ = await self._authority(order.issuer, order.credentials)
        return await run_in_thread_if_large(
            order.issuer.secret.namespace, len(order.csr), lambda: found.issue(order, self._clock.now())
        )

    async def _authority(self, issuer: IssuerSpec, credentials: Credentials) -> _Found:
        now, content = self._clock.now(), fingerprint(credentials)
        known = self.kept.get(issuer.secret)
        # The content is compared, not only the version: the wrong CA must never sign because a version repeats itself.
        # Where the path has expired, the Secret may hold another one.
        if known and known[0] == content and known[1][0].is_valid(now):
            return known[1]
        found = await run_in_thread(issuer.secret.namespace, lambda: _read(issuer.secret, credentials.data, now))
        self.kept.put(issuer.secret, (content, found), 8192 + sum(map(len, credentials.data.values())))
        return found


def _read(secret: ObjectKey, data: Mapping[str, bytes], now: datetime) -> _Found:
    for name in (CERTIFICATE, KEY):
        if not data.get(name):
            raise IssuerFailed(
                f"{secret} has no {name}; store the CA's certificate and key there, as `kubectl create secret tls` does"
            )
    subject = CERTIFICATE  # of the sentence that the ValueError completes
    try:
        bundle, unreadable = pem.readable_certificates(data[CERTIFICATE])
        if 1 in unreadable:
            raise ValueError(unreadable[1])
        subject = KEY
        key = read_key(data[KEY], bundle[0])
        subject = TRUSTED
        anchors, untrusted = _read_anchors(data.get(TRUSTED, b""))
        subject = f"{CERTIFICATE} with {TRUSTED}" if anchors else CERTIFICATE
        path = best_path(bundle, anchors, now)
        unrelated = _unrelated(bundle, path)
        for ca in path:
            subject = CERTIFICATE if ca in bundle else TRUSTED
            require_ca(ca)
        subject = TRUSTED
        _require_anchored(path, anchors)
        if problem := go_readable.problem(path):
            raise IssuerUnhealthy(f"{secret}: {problem}; replace that certificate")
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {subject} {error}; correct that key of the Secret") from None
    odd = [f"{CERTIFICATE} {sentence}" for sentence in unreadable.values()]
    odd += [f"{TRUSTED} {sentence}" for sentence in untrusted.values()]
    odd += [
        f"{CERTIFICATE} holds {_name(other)}, which issued none of the CA certificates in use" for other in unrelated
    ]
    warnings = [f"{secret}: {sentence}; it is left out" for sentence in odd]
    if not anchors and not chains.is_self_signed(path[-1]):
        warnings.append(f"{secret}: {CERTIFICATE} leads to no root: it ends with {_end(path)}; {_NO_ROOT}")
    origin = f"{secret}: {CERTIFICATE}" if path[-1] in bundle else f"{secret}: {CERTIFICATE} and {TRUSTED}"
    return authority(origin, path, key, anchors), tuple(warnings)


def _read_anchors(bundle: bytes) -> tuple[list[x509.Certificate], dict[int, str]]:
    return pem.readable_certificates(bundle, pem.BUNDLE_LIMIT) if bundle.strip() else ([], {})


def _require_anchored(path: chains.Path, anchors: list[x509.Certificate]) -> None:
    if anchors and path[-1] not in anchors:
        raise ValueError(f"holds no certificate that {CERTIFICATE} leads to: that ends with {_end(path)}")


def _unrelated(bundle: list[x509.Certificate], path: chains.Path) -> list[x509.Certificate]:
    """Those that have no place in any path, and are no alternative to one in a path either."""
    members = {ca for each in chains.Graph(bundle).paths(own(bundle)) for ca in each} | set(path)
    return [
        other
        for other in bundle
        if not any(other.subject == ca.subject or chains.is_same_key(other, ca) for ca in members)
    ]


def _end(path: chains.Path) -> str:
    return f"{_name(path[-1])}, issued by {path[-1].issuer.rfc4514_string()!r}"


def _name(ca: x509.Certificate) -> str:
    return repr(ca.subject.rfc4514_string())
