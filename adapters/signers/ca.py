"""Signs with the CA in the issuer's Secret: tls.crt (its chain may follow), tls.key, and ca.crt where there is one.

Law: what is wrong with the Secret is told as which key of which Secret, why, and what to do; never by quoting it.
The Secret has the layout that cert-manager and `kubectl create secret tls` write.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime

from cryptography import x509

from adapters.signers.aside import aside
from adapters.signers.x509 import chains, pem
from adapters.signers.x509.authority import Authority, authority, read_key, read_path
from domain.errors import IssuerFailed
from domain.model import Credentials, Issued, IssuerSpec, ObjectKey, SigningOrder
from domain.ports import Clock, Signer

CERTIFICATE, KEY, TRUSTED = "tls.crt", "tls.key", "ca.crt"
_KEPT = 100
"""How many CAs stay in memory, parsed: checking an RSA key takes longer than signing with it."""


class CA(Signer):
    """IssuerFailed for a Secret that cannot work, IssuerUnhealthy for a CA that is not valid yet."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._read: OrderedDict[ObjectKey, tuple[Credentials, Authority]] = OrderedDict()

    async def check(self, issuer: IssuerSpec, credentials: Credentials) -> datetime:
        found = await self._authority(issuer, credentials)
        found.require_valid(self._clock.now())
        return found.expires

    async def sign(self, order: SigningOrder) -> Issued:
        found = await self._authority(order.issuer, order.credentials)
        return await aside(len(order.csr), lambda: found.issue(order, self._clock.now()))

    async def _authority(self, issuer: IssuerSpec, credentials: Credentials) -> Authority:
        known, found = self._read.get(issuer.secret, (None, None))
        # Their content is compared as well: the wrong CA must never sign because a version repeats itself.
        if found is None or known != credentials:
            found = await asyncio.to_thread(_read, issuer.secret, credentials.data)
            self._read[issuer.secret] = credentials, found
        self._read.move_to_end(issuer.secret)
        if len(self._read) > _KEPT:
            self._read.popitem(last=False)
        return found


def _read(secret: ObjectKey, data: Mapping[str, bytes]) -> Authority:
    for name in (CERTIFICATE, KEY):
        if not data.get(name):
            raise IssuerFailed(
                f"{secret} has no {name}; store the CA's certificate and key there, as `kubectl create secret tls` does"
            )
    subject = CERTIFICATE  # of the sentence that the ValueError completes
    try:
        path = read_path(data[CERTIFICATE])
        subject = KEY
        key = read_key(data[KEY], path[0])
        subject = TRUSTED
        trusted = _read_trusted(data.get(TRUSTED, b""), path[-1])
    except ValueError as error:
        raise IssuerFailed(f"{secret}: {subject} {error}; correct that key of the Secret") from None
    return authority(f"{secret}: {CERTIFICATE}", path, key, trusted)


def _read_trusted(bundle: bytes, top: x509.Certificate) -> list[x509.Certificate]:
    if not bundle.strip():
        return []
    trusted = pem.certificates(bundle, pem.BUNDLE_LIMIT)
    if not chains.lead_to(trusted, top):
        raise ValueError(f"holds no certificate that issued the last one of {CERTIFICATE}")
    return trusted
